// SPDX-License-Identifier: Apache-2.0
// Random bytes and identifiers from OpenSSL's generators, which the kernel seeds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/evp.h>

namespace authd {

// Throws std::runtime_error when the generator has no entropy: nothing may be issued without it. [thread-safe]
void random_bytes(void* out, std::size_t size_bytes);

// `size_bytes` random bytes as unpadded base64url (RFC 4648, section 5).
std::string random_base64url(std::size_t size_bytes);

// A CTR-DRBG (NIST SP 800-90A) for one thread, seeded from the kernel and reseeded every hour. Drawing takes no lock
// (RAND_bytes takes five that all threads share) and allocates only to seed. 4096 bytes take 1.2 µs, with getrandom(2)
// 12 µs.
class RandomStream {
 public:
  RandomStream(); // throws std::runtime_error like draw
  // Throws std::runtime_error when the generator has no entropy. `size_bytes`: at most 65536.
  void draw(void* out, std::size_t size_bytes);

 private:
  struct Free {
    void operator()(EVP_RAND_CTX* generator) const { EVP_RAND_CTX_free(generator); }
  };
  std::unique_ptr<EVP_RAND_CTX, Free> generator_;
};

// Random bytes that are drawn many at a time, because one draw costs more than a signature, and a system call. For one
// thread.
class RandomBatch {
 public:
  explicit RandomBatch(std::size_t batch_bytes) : pool_(batch_bytes), used_(batch_bytes) {} // at most 65536
  ~RandomBatch();
  RandomBatch(const RandomBatch&) = delete;
  RandomBatch& operator=(const RandomBatch&) = delete;

  // `size_bytes`: at most a batch. Throws std::runtime_error: see RandomStream.
  void take(void* out, std::size_t size_bytes);

 private:
  RandomStream stream_;
  std::vector<std::uint8_t> pool_;
  std::size_t used_;
};

// RFC 9562 version 4, lower case. For one thread.
class UuidSource {
 public:
  using Text = std::array<char, 36>;
  Text next(); // throws std::runtime_error: see RandomStream

 private:
  RandomBatch bytes_{4096};
};

inline std::string_view view(const UuidSource::Text& text) { return {text.data(), text.size()}; }

// 8-4-4-4-12 hexadecimal digits in either case: what Kong looks up as an id and never as a username.
bool is_uuid(std::string_view text);

} // namespace authd
