// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <array>
#include <stdexcept>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "base/base64url.h"
#include "base/secret.h"

namespace authd {
namespace {

constexpr unsigned kStrengthBits = 256;
// By default a generator without a parent seeds itself anew after 256 draws, which allocates. SP 800-90A,
// table 3, allows 2^48; the hourly seeding stays.
constexpr unsigned kDrawsPerSeed = 1U << 24;

[[noreturn]] void fail() { throw std::runtime_error("the system's random generator failed"); }

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

} // namespace authd
