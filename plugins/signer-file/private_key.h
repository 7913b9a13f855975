// SPDX-License-Identifier: Apache-2.0
// A private key in OpenSSL's hands, which keeps its numbers in the pages for keys (secrets/key_memory.h) and wipes
// them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/evp.h>

#include "secrets/secret.h"

namespace authd::signer_file {

class PrivateKey {
 public:
  // Of "ES256" (P-256), "RS256" (2,048 bits) or "EdDSA" (Ed25519); nullopt: of no other. Throws std::runtime_error when
  // OpenSSL cannot.
  static std::optional<PrivateKey> generate(std::string_view algorithm);
  // Nullopt: it is no PKCS#8 (RFC 5958) of one of those three kinds; an RSA key must have 2,048 to 4,096 bits.
  static std::optional<PrivateKey> decode(const Secret& pkcs8);

  std::string_view algorithm() const { return algorithm_; } // static text
  Secret pkcs8() const;                                     // DER
  std::string spki() const;                                 // DER
  // As JWS has it. Throws std::runtime_error when OpenSSL fails. [thread-safe]
  std::string sign(std::string_view message) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  using Handle = std::unique_ptr<EVP_PKEY, Free>;
  PrivateKey(Handle key, std::string_view algorithm) : key_(std::move(key)), algorithm_(algorithm) {}

  Handle key_;
  std::string_view algorithm_;
};

} // namespace authd::signer_file
