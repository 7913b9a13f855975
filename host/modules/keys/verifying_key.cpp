// SPDX-License-Identifier: Apache-2.0
#include "modules/keys/verifying_key.h"

#include <array>
#include <utility>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/base64url.h"
#include "pipeline/hmac.h"

namespace authd::modules::keys {
namespace {

constexpr std::size_t kHalf = 32; // of a P-256 point or signature, bytes
constexpr int kLeastRsaBits = 2048, kMostRsaBits = 8192;

template <auto Function>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using Number = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string encoded(std::string_view raw) {
  std::string text;
  append_base64url(text, raw);
  return text;
}

// Base64url of a number, with zeros before it up to `least_bytes`; empty: the key has none of that name.
std::string number_of(const EVP_PKEY* key, const char* name, std::size_t least_bytes) {
  BIGNUM* read = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &read) != 1) return {};
  const Number number(read);
  std::string raw(std::max(least_bytes, static_cast<std::size_t>(BN_num_bytes(read))), '\0');
  if (BN_bn2binpad(read, bytes(raw), static_cast<int>(raw.size())) < 0) return {};
  return encoded(raw);
}

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 32> group{};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == "prime256v1";
}

bool is_good_rsa(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  return EVP_PKEY_is_a(key, "RSA") == 1 && bits >= kLeastRsaBits && bits <= kMostRsaBits;
}

std::string json_of(std::initializer_list<std::pair<std::string_view, std::string>> members) {
  std::string json;
  for (const auto& [name, value] : members)
    json.append(json.empty() ? "{\"" : ",\"").append(name).append("\":\"").append(value).append("\"");
  return json + '}';
}

// What its thumbprint is of (RFC 7638, section 3.2; RFC 8037, section 2): the required members in the order of their
// names. Empty: no key for the algorithm.
std::string required_members(const EVP_PKEY* key, std::string_view algorithm) {
  if (algorithm == "ES256" && is_p256(key))
    return json_of({{"crv", "P-256"},
                    {"kty", "EC"},
                    {"x", number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, kHalf)},
                    {"y", number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, kHalf)}});
  if (algorithm == "RS256" && is_good_rsa(key))
    return json_of({{"e", number_of(key, OSSL_PKEY_PARAM_RSA_E, 1)},
                    {"kty", "RSA"},
                    {"n", number_of(key, OSSL_PKEY_PARAM_RSA_N, 1)}});
  std::string raw(kHalf, '\0');
  std::size_t size = raw.size();
  if (algorithm == "EdDSA" && EVP_PKEY_is_a(key, "ED25519") == 1 &&
      EVP_PKEY_get_raw_public_key(key, bytes(raw), &size) == 1)
    return json_of({{"crv", "Ed25519"}, {"kty", "OKP"}, {"x", encoded(raw)}});
  return {};
}

// DER, as OpenSSL wants it; empty: not 64 bytes.
std::string ecdsa_der(std::string_view both) {
  const EcdsaSignature parts(both.size() == 2 * kHalf ? ECDSA_SIG_new() : nullptr);
  if (!parts) return {};
  Number r(BN_bin2bn(bytes(both), kHalf, nullptr)), s(BN_bin2bn(bytes(both) + kHalf, kHalf, nullptr));
  if (!r || !s || ECDSA_SIG_set0(parts.get(), r.get(), s.get()) != 1) return {};
  (void)r.release(); // they are the signature's now
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  std::string text = size > 0 ? std::string(reinterpret_cast<char*>(der), static_cast<std::size_t>(size)) : "";
  OPENSSL_free(der);
  return text;
}

} // namespace

std::optional<VerifyingKey> VerifyingKey::parse(std::string_view algorithm, std::string_view spki) {
  const unsigned char* at = bytes(spki);
  const unsigned char* const end = at + spki.size();
  std::shared_ptr<EVP_PKEY> handle(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())), &EVP_PKEY_free);
  const std::string members = handle && at == end ? required_members(handle.get(), algorithm) : std::string();
  ERR_clear_error();
  if (members.empty()) return std::nullopt;
  VerifyingKey key(std::move(handle), algorithm);
  const auto digest = pipeline::sha256(members, "");
  key.kid_ = encoded({digest.data(), digest.size()});
  key.jwk_ = members.substr(0, members.size() - 1) + ",\"kid\":\"" + key.kid_ + "\",\"alg\":\"" + key.algorithm_ +
             "\",\"use\":\"sig\"}";
  return key;
}

bool VerifyingKey::verifies(std::string_view message, std::string_view signature) const {
  const std::string der = algorithm_ == "ES256" ? ecdsa_der(signature) : std::string();
  const std::string_view wanted = algorithm_ == "ES256" ? std::string_view(der) : signature;
  const EVP_MD* digest = algorithm_ == "EdDSA" ? nullptr : EVP_sha256();
  const DigestContext context(EVP_MD_CTX_new());
  const bool good = !wanted.empty() && context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key_.get()) == 1 &&
                    EVP_DigestVerify(context.get(), bytes(wanted), wanted.size(), bytes(message), message.size()) == 1;
  ERR_clear_error(); // a refused signature leaves its reason
  return good;
}

} // namespace authd::modules::keys
