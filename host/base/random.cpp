// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <cctype>
#include <cstring>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "base/base64url.h"
#include "secrets/secret.h"

namespace authd {
namespace {

constexpr unsigned kStrengthBits = 256;
// By default a generator without a parent reseeds after 256 draws, which allocates. SP 800-90A, table 3, allows 2^48;
// the hourly reseeding remains.
constexpr unsigned kDrawsPerSeed = 1U << 24;

[[noreturn]] void fail() { throw std::runtime_error("the system's random generator failed"); }

constexpr std::string_view kHex = "0123456789abcdef";
constexpr bool is_dash_position(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

} // namespace

void random_bytes(void* out, std::size_t size_bytes) {
  if (RAND_bytes(static_cast<unsigned char*>(out), static_cast<int>(size_bytes)) != 1) fail();
}

std::string random_base64url(std::size_t size_bytes) {
  std::vector<char> bytes(size_bytes);
  random_bytes(bytes.data(), bytes.size());
  std::string text;
  append_base64url(text, {bytes.data(), bytes.size()});
  wipe(bytes.data(), bytes.size());
  return text;
}

RandomStream::RandomStream() {
  const std::unique_ptr<EVP_RAND, decltype(&EVP_RAND_free)> algorithm(EVP_RAND_fetch(nullptr, "CTR-DRBG", nullptr),
                                                                      &EVP_RAND_free);
  if (algorithm) generator_.reset(EVP_RAND_CTX_new(algorithm.get(), nullptr));
  std::string cipher = "AES-256-CTR";
  unsigned draws = kDrawsPerSeed;
  const std::array<OSSL_PARAM, 3> parameters{OSSL_PARAM_construct_utf8_string(OSSL_DRBG_PARAM_CIPHER, cipher.data(), 0),
                                             OSSL_PARAM_construct_uint(OSSL_DRBG_PARAM_RESEED_REQUESTS, &draws),
                                             OSSL_PARAM_construct_end()};
  if (!generator_ || EVP_RAND_instantiate(generator_.get(), kStrengthBits, 0, nullptr, 0, parameters.data()) != 1)
    fail();
}

void RandomStream::draw(void* out, std::size_t size_bytes) {
  if (EVP_RAND_generate(generator_.get(), static_cast<unsigned char*>(out), size_bytes, kStrengthBits, 0, nullptr, 0) !=
      1)
    fail();
}

void RandomBatch::take(void* out, std::size_t size_bytes) {
  if (size_bytes > pool_.size() - used_) {
    stream_.draw(pool_.data(), pool_.size());
    used_ = 0;
  }
  std::memcpy(out, pool_.data() + used_, size_bytes);
  used_ += size_bytes;
}

RandomBatch::~RandomBatch() { wipe(pool_.data(), pool_.size()); }

UuidSource::Text UuidSource::next() {
  std::array<std::uint8_t, 16> bytes;
  bytes_.take(bytes.data(), bytes.size());
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40); // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80); // variant of RFC 9562
  Text text;
  for (std::size_t i = 0, b = 0; i < text.size(); ++b) {
    if (is_dash_position(i)) text[i++] = '-';
    text[i++] = kHex[bytes[b] >> 4];
    text[i++] = kHex[bytes[b] & 15];
  }
  return text;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool good = is_dash_position(i) ? text[i] == '-' : std::isxdigit(static_cast<unsigned char>(text[i]));
    if (!good) return false;
  }
  return true;
}

} // namespace authd
