// SPDX-License-Identifier: Apache-2.0
#include "secrets/key_memory.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <new>

#include <openssl/crypto.h>
#include <sys/resource.h>

namespace authd {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::size_t kLeast = 4 * kMiB, kMost = 64 * kMiB;
constexpr std::size_t kSmallestBlock = 32;
// For all but the keys of TLS connections.
constexpr std::size_t kReserve = kMiB;
// P-384's; X25519's and P-256's take half.
constexpr std::size_t kOfConnection = 64;

// CRYPTO_secure_malloc_init(3): 2 if the pages are not protected as they should be, 0 if there are none.
constexpr int kProtected = 1;

std::size_t limit_for_locks() {
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  return limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : static_cast<std::size_t>(limit.rlim_cur);
}

} // namespace

std::size_t KeyMemory::tls_connections() const {
  return size_bytes > kReserve ? (size_bytes - kReserve) / kOfConnection : 0;
}

KeyMemory set_up_key_memory() {
  const std::size_t limit = limit_for_locks();
  const std::size_t size = std::bit_floor(std::clamp(limit / 2, kLeast, kMost)); // OpenSSL wants a power of two
  const int outcome = CRYPTO_secure_malloc_init(size, kSmallestBlock);
  return {outcome == 0 ? 0 : size, outcome == kProtected, limit};
}

void* allocate_key_memory(std::size_t size_bytes) {
  void* block = OPENSSL_secure_malloc(size_bytes);
  if (block == nullptr) block = OPENSSL_malloc(size_bytes); // the pages are full
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void free_key_memory(void* block, std::size_t size_bytes) noexcept {
  OPENSSL_secure_clear_free(block, size_bytes); // knows which of both it was
}

} // namespace authd
