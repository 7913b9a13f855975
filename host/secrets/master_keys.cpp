// SPDX-License-Identifier: Apache-2.0
#include "secrets/master_keys.h"

#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

namespace authd {
namespace {

using Derivation = std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)>;

Derivation new_derivation() {
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> hkdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr), &EVP_KDF_free);
  if (!hkdf) throw std::runtime_error("OpenSSL has no HKDF");
  Derivation context(EVP_KDF_CTX_new(hkdf.get()), &EVP_KDF_CTX_free);
  if (!context) throw std::bad_alloc();
  return context;
}

// With its length before it, so that ("ab", "c") and ("a", "bc") differ.
void append(std::string& info, std::string_view part) {
  info += std::to_string(part.size());
  info += ':';
  info += part;
}

Secret derive_one(std::string_view key, std::string info) {
  const auto octets = [](std::string_view text) { return const_cast<char*>(text.data()); }; // OpenSSL only reads them
  char digest[] = "SHA256";
  const OSSL_PARAM settings[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, octets(key), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end(),
  };
  std::string derived(MasterKeys::kBytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(derived.data());
  if (EVP_KDF_derive(new_derivation().get(), to, derived.size(), settings) != 1)
    throw std::runtime_error("HKDF-SHA-256 failed");
  return Secret(std::move(derived));
}

} // namespace

MasterKeys::MasterKeys(std::vector<Secret> keys) : keys_(std::move(keys)) {
  for (const Secret& key : keys_)
    if (key.reveal().size() != kBytes) throw std::invalid_argument("a master key must have 32 bytes");
}

std::vector<Secret> MasterKeys::derive(std::string_view owner, std::string_view purpose) const {
  std::string info = "authd master 1:";
  append(info, owner);
  append(info, purpose);
  std::vector<Secret> derived;
  for (const Secret& key : keys_) derived.push_back(derive_one(key.reveal(), info));
  return derived;
}

} // namespace authd
