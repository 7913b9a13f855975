// SPDX-License-Identifier: Apache-2.0
// What a declarative file says about consumers and their JWT credentials, ready to be looked up.
// Immutable once built, so that any number of threads may read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace authd::kong_declarative {

struct Credential {
  std::string id;
  std::string key;
  std::string algorithm;
  std::string secret;          // empty for asymmetric algorithms
  std::int64_t created_at = 0; // seconds since the epoch, 0 if the file does not say

  bool operator==(const Credential&) const = default;
};

struct Consumer {
  std::string id;       // explicit or derived; empty for one that has neither id nor username
  std::string username; // may be empty
  std::vector<Credential> credentials;
};

class ConsumerIndex {
 public:
  ConsumerIndex() = default;
  ConsumerIndex(ConsumerIndex&&) = default;
  ConsumerIndex& operator=(ConsumerIndex&&) = default;
  ~ConsumerIndex(); // overwrites the secrets

  bool has_id(std::string_view id) const;
  bool has_username(const std::string& username) const;
  // Its number. Requires that neither its id nor its username is there already.
  std::size_t add(Consumer consumer);
  void add_credential(std::size_t consumer, Credential credential);

  // By id (whatever the case of its letters) or username; a name of the shape of a UUID is an id only, as
  // it is for Kong. The number of the consumer, or nothing.
  std::optional<std::size_t> find(std::string_view id_or_username) const;
  // In references within the file Kong tries the username first.
  std::optional<std::size_t> find_reference(const std::string& id_or_username) const;

  const Consumer& at(std::size_t consumer) const { return consumers_[consumer]; }
  std::size_t consumers() const { return consumers_.size(); }
  std::size_t credentials() const { return credentials_; }

 private:
  std::vector<Consumer> consumers_;
  std::unordered_map<std::string, std::size_t> by_id_;
  std::unordered_map<std::string, std::size_t> by_username_;
  std::size_t credentials_ = 0;
};

// Every name by which a consumer can be asked for (its id, given or derived, and its username) and that stands for
// other credentials, another consumer or none in `after`. Sorted, each once.
std::vector<std::string> changed_names(const ConsumerIndex& before, const ConsumerIndex& after);

// --- ids: Kong without a database gives the same ones in every Kong to what has none in its file
// (kong/db/schema/others/declarative_config.lua, generate_uuid)

// UUID version 5 (RFC 4122, section 4.3) of `name` under the UUID version 5 of `entity` under Kong's
// namespace. `entity` is Kong's name of a table ("consumers", "jwt_secrets"), `name` the value of its
// endpoint key (a username, a credential's key).
std::string derived_id(const std::string& entity, const std::string& name);

bool is_uuid(std::string_view text); // 8-4-4-4-12 hexadecimal digits
std::string lower(std::string_view ascii);

} // namespace authd::kong_declarative
