// SPDX-License-Identifier: Apache-2.0
// The public half of a signing key: what it verifies, and how a JWKS shows it. [thread-safe]
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace authd::modules::keys {

class VerifyingKey {
 public:
  // Of "ES256" on P-256, "RS256" with 2,048 to 8,192 bits, or "EdDSA" with Ed25519. `spki`: DER. Nullopt: it is
  // another kind of key, or none.
  static std::optional<VerifyingKey> parse(std::string_view algorithm, std::string_view spki);

  const std::string& kid() const { return kid_; } // its thumbprint by SHA-256 (RFC 7638), base64url
  const std::string& jwk() const { return jwk_; } // a JSON object (RFC 7517, RFC 8037) with kid, alg and use
  const std::string& algorithm() const { return algorithm_; }
  // `signature` as JWS has it (RFC 7518, section 3; RFC 8037, section 3.1).
  bool verifies(std::string_view message, std::string_view signature) const;

 private:
  VerifyingKey(std::shared_ptr<EVP_PKEY> key, std::string_view algorithm)
      : key_(std::move(key)), algorithm_(algorithm) {}

  std::shared_ptr<EVP_PKEY> key_;
  std::string algorithm_;
  std::string kid_;
  std::string jwk_;
};

} // namespace authd::modules::keys
