// SPDX-License-Identifier: Apache-2.0
#include "private_key.h"

#include <stdexcept>
#include <utility>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/x509.h>

namespace authd::signer_file {
namespace {

constexpr std::string_view kEs256 = "ES256", kRs256 = "RS256", kEdDsa = "EdDSA";
constexpr int kRsaBits = 2048, kMostRsaBits = 4096;
constexpr int kHalf = 32; // of a P-256 signature, bytes

template <auto Function>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};
using Bio = std::unique_ptr<BIO, FreeBy<BIO_free_all>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, FreeBy<ECDSA_SIG_free>>;
using Pkcs8 = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeBy<PKCS8_PRIV_KEY_INFO_free>>;

[[noreturn]] void fail(const char* what) {
  ERR_clear_error();
  throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

bool is_p256(const EVP_PKEY* key) {
  char group[32] = {};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 && std::string_view(group) == "prime256v1";
}

// Empty: none that we sign with.
std::string_view algorithm_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return kEdDsa;
  if (EVP_PKEY_is_a(key, "EC") == 1) return is_p256(key) ? kEs256 : std::string_view();
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_is_a(key, "RSA") == 1 && bits >= kRsaBits && bits <= kMostRsaBits) return kRs256;
  return {};
}

std::string bytes_of(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// RFC 7518, section 3.4: r and s of equal length instead of DER.
std::string fixed_length(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSignature parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!parts) fail("read its own signature");
  std::string both(2 * kHalf, '\0');
  auto* to = reinterpret_cast<unsigned char*>(both.data());
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), to, kHalf) != kHalf ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), to + kHalf, kHalf) != kHalf)
    fail("read its own signature");
  return both;
}

} // namespace

std::optional<PrivateKey> PrivateKey::generate(std::string_view algorithm) {
  Handle key;
  if (algorithm == kEs256)
    key.reset(EVP_EC_gen("P-256"));
  else if (algorithm == kRs256)
    key.reset(EVP_RSA_gen(kRsaBits));
  else if (algorithm == kEdDsa)
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  else
    return std::nullopt;
  if (!key) fail("make a key");
  const std::string_view name = algorithm_of(key.get());
  return PrivateKey(std::move(key), name);
}

std::optional<PrivateKey> PrivateKey::decode(const Secret& pkcs8) {
  const auto* at = reinterpret_cast<const unsigned char*>(pkcs8.reveal().data());
  const auto* const end = at + pkcs8.reveal().size();
  const Pkcs8 info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(pkcs8.reveal().size())));
  Handle key(info && at == end ? EVP_PKCS82PKEY(info.get()) : nullptr);
  const std::string_view algorithm = key ? algorithm_of(key.get()) : std::string_view();
  ERR_clear_error();
  if (algorithm.empty()) return std::nullopt;
  return PrivateKey(std::move(key), algorithm);
}

Secret PrivateKey::pkcs8() const {
  const Bio bio(BIO_new(BIO_s_secmem()));
  if (!bio || i2d_PKCS8PrivateKeyInfo_bio(bio.get(), key_.get()) != 1) fail("encode a key");
  return Secret(bytes_of(bio));
}

std::string PrivateKey::spki() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || i2d_PUBKEY_bio(bio.get(), key_.get()) != 1) fail("encode a public key");
  return bytes_of(bio);
}

std::string PrivateKey::sign(std::string_view message) const {
  const DigestContext context(EVP_MD_CTX_new());
  const EVP_MD* digest = algorithm_ == kEdDsa ? nullptr : EVP_sha256();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get()) != 1) fail("begin to sign");
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1)
    fail("sign");
  signature.resize(size);
  return algorithm_ == kEs256 ? fixed_length(signature) : signature;
}

} // namespace authd::signer_file
