// SPDX-License-Identifier: Apache-2.0
// Kong's JSON, read without trust: nothing here throws, and an answer of another shape is no value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace authd::kong {

// Text that is overwritten when it goes out of use.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  SecretText& operator=(SecretText&& other) noexcept;
  ~SecretText() { wipe(); }

  std::string_view reveal() const { return text_; }

 private:
  void wipe();

  std::string text_;
};

struct StoredCredential {
  std::string id;
  std::string key;
  std::string algorithm = "HS256"; // Kong's default
  SecretText secret;               // empty for asymmetric algorithms
  std::int64_t created_at = 0;     // seconds since the epoch
};

struct CredentialPage {
  std::vector<StoredCredential> credentials;
  std::vector<std::string> skipped; // why a credential cannot be used; for the log
  std::optional<std::string> next;  // as Kong says it: a path with a query
};

// {"data": [...], "next": null | "/..."}. A credential without a key, or an HMAC one without a secret, and
// one with a field of the wrong type are left out and listed in `skipped`; the others still serve.
std::optional<CredentialPage> parse_credential_page(std::string_view body);

// The bare object that answers a create.
std::optional<StoredCredential> parse_credential(std::string_view body);

// The id, a UUID, of the object that answers GET /consumers/{id}.
std::optional<std::string> parse_consumer_id(std::string_view body);

// Of GET /status: whether Kong reaches its database. True also when the answer has no "database", which
// is how Kong without one answers.
std::optional<bool> parse_database_reachable(std::string_view body);

struct KongError {
  std::string message;
  int code = 0; // kong/db/errors.lua; 12: not possible without a database
};
std::optional<KongError> parse_error(std::string_view body);

bool is_uuid(std::string_view text); // 8-4-4-4-12 hexadecimal digits
bool is_hmac(std::string_view algorithm);

// {"key": ..., "secret": ..., "algorithm": ...}
SecretText create_body(std::string_view key, std::string_view secret, std::string_view algorithm);

} // namespace authd::kong
