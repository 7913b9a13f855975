// SPDX-License-Identifier: Apache-2.0
// The one place that uses SHA256_CTX and friends, deprecated since OpenSSL 3.0: an EVP_MD_CTX would be
// allocated and fetched for every signature.
#define OPENSSL_API_COMPAT 10101
#include "pipeline/hmac.h"

#include <openssl/crypto.h>

#include "secrets/secret.h"

namespace authd::pipeline {
namespace {

struct Sha256 {
  using Context = SHA256_CTX;
  static constexpr std::size_t kBlockBytes = 64;
  static constexpr std::size_t kDigestBytes = 32;
  static void init(Context& c) { SHA256_Init(&c); }
  static void update(Context& c, const void* p, std::size_t n) { SHA256_Update(&c, p, n); }
  static void finish(Context& c, unsigned char* out) { SHA256_Final(out, &c); }
};

struct Sha512 {
  using Context = SHA512_CTX;
  static constexpr std::size_t kBlockBytes = 128;
  static constexpr std::size_t kDigestBytes = 64;
  static void init(Context& c) { SHA512_Init(&c); }
  static void update(Context& c, const void* p, std::size_t n) { SHA512_Update(&c, p, n); }
  static void finish(Context& c, unsigned char* out) { SHA512_Final(out, &c); }
};

struct Sha384 : Sha512 {
  static constexpr std::size_t kDigestBytes = 48;
  static void init(Context& c) { SHA384_Init(&c); }
  static void finish(Context& c, unsigned char* out) { SHA384_Final(out, &c); }
};

template <class Sha>
void absorb_pad(typename Sha::Context& context, const std::array<unsigned char, Sha::kBlockBytes>& key,
                unsigned char pad) {
  std::array<unsigned char, Sha::kBlockBytes> block;
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = key[i] ^ pad;
  Sha::init(context);
  Sha::update(context, block.data(), block.size());
  wipe(block.data(), block.size());
}

template <class Sha>
void prepare(typename Sha::Context& inner, typename Sha::Context& outer, std::string_view key) {
  std::array<unsigned char, Sha::kBlockBytes> block{};
  if (key.size() > block.size()) {
    typename Sha::Context context;
    Sha::init(context);
    Sha::update(context, key.data(), key.size());
    Sha::finish(context, block.data());
  } else {
    key.copy(reinterpret_cast<char*>(block.data()), key.size());
  }
  absorb_pad<Sha>(inner, block, 0x36);
  absorb_pad<Sha>(outer, block, 0x5C);
  wipe(block.data(), block.size());
}

template <class Sha>
Hmac::Mac finish(typename Sha::Context inner, typename Sha::Context outer, std::string_view message) {
  std::array<unsigned char, Sha::kDigestBytes> digest;
  Sha::update(inner, message.data(), message.size());
  Sha::finish(inner, digest.data());
  Hmac::Mac mac;
  mac.size = Sha::kDigestBytes;
  Sha::update(outer, digest.data(), digest.size());
  Sha::finish(outer, reinterpret_cast<unsigned char*>(mac.bytes.data()));
  return mac;
}

} // namespace

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (const Algorithm a : {Algorithm::hs256, Algorithm::hs384, Algorithm::hs512}) {
    if (name == name_of(a)) return a;
  }
  return std::nullopt;
}

std::string_view name_of(Algorithm algorithm) {
  switch (algorithm) {
  case Algorithm::hs256:
    return "HS256";
  case Algorithm::hs384:
    return "HS384";
  case Algorithm::hs512:
    return "HS512";
  }
  return "HS256";
}

std::size_t mac_bytes(Algorithm algorithm) {
  switch (algorithm) {
  case Algorithm::hs256:
    return SHA256_DIGEST_LENGTH;
  case Algorithm::hs384:
    return SHA384_DIGEST_LENGTH;
  case Algorithm::hs512:
    return SHA512_DIGEST_LENGTH;
  }
  return SHA256_DIGEST_LENGTH;
}

Hmac::Hmac(Algorithm algorithm, std::string_view key) : algorithm_(algorithm) {
  switch (algorithm_) {
  case Algorithm::hs256:
    prepare<Sha256>(pads_.sha256.inner, pads_.sha256.outer, key);
    break;
  case Algorithm::hs384:
    prepare<Sha384>(pads_.sha512.inner, pads_.sha512.outer, key);
    break;
  case Algorithm::hs512:
    prepare<Sha512>(pads_.sha512.inner, pads_.sha512.outer, key);
    break;
  }
}

Hmac::~Hmac() { wipe(&pads_, sizeof(pads_)); }

Hmac::Mac Hmac::sign(std::string_view message) const {
  switch (algorithm_) {
  case Algorithm::hs384:
    return finish<Sha384>(pads_.sha512.inner, pads_.sha512.outer, message);
  case Algorithm::hs512:
    return finish<Sha512>(pads_.sha512.inner, pads_.sha512.outer, message);
  case Algorithm::hs256:
    break;
  }
  return finish<Sha256>(pads_.sha256.inner, pads_.sha256.outer, message);
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::array<char, 32> sha256(std::string_view first, std::string_view second) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, first.data(), first.size());
  SHA256_Update(&context, second.data(), second.size());
  std::array<char, 32> digest;
  SHA256_Final(reinterpret_cast<unsigned char*>(digest.data()), &context);
  return digest;
}

} // namespace authd::pipeline
