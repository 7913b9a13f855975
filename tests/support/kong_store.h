// SPDX-License-Identifier: Apache-2.0
// What a Kong database holds of consumers and JWT credentials, with Kong's rules: a key is unique over
// all consumers, a list is ordered by credential id.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace authd::test {

struct KongCredential {
  std::string key;
  std::string secret;
  std::string algorithm = "HS256";
  std::int64_t created_at = 0;        // 0: now
  std::string id = {};                // empty: random
  std::string rsa_public_key = {};    // empty: null
  std::vector<std::string> tags = {}; // empty: null
};

struct KongConsumer {
  std::string id;
  std::string username;
  std::int64_t created_at = 0;
  std::map<std::string, KongCredential> credentials; // by id
};

class KongStore {
 public:
  // Returns the consumer's id.
  std::string add_consumer(std::string username, std::string id = {});
  KongConsumer& keep(KongConsumer consumer); // with its credentials, instead of one with the same id
  // By id when it has the shape of a UUID, else by username; nullptr: unknown.
  KongConsumer* find(std::string_view id_or_username);
  // nullopt: the key is taken, by whomever. Missing key and secret are made up, as Kong does.
  std::optional<KongCredential> create(KongConsumer& consumer, KongCredential credential);
  bool remove(KongConsumer& consumer, std::string_view id_or_key);
  bool remove_consumer(std::string_view id_or_username);

 private:
  std::string random_uuid();
  std::string random_key();

  std::map<std::string, KongConsumer, std::less<>> by_id_;
  std::map<std::string, std::string, std::less<>> id_by_username_;
  std::map<std::string, std::string, std::less<>> owner_by_key_;
  std::mt19937_64 random_{std::random_device{}()};
};

bool is_uuid(std::string_view text);

} // namespace authd::test
