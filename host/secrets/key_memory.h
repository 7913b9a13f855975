// SPDX-License-Identifier: Apache-2.0
// Pages for keys: as far as the limits allow they are locked, so never swapped; and they are in no core dump. This is
// OpenSSL's secure heap, CRYPTO_secure_malloc(3), which OpenSSL uses by itself for private keys. Secret uses it, too.
#pragma once

#include <cstddef>

namespace authd {

struct KeyMemory {
  std::size_t size_bytes = 0; // 0: there is none, and keys are in ordinary memory
  bool locked = false;
  std::size_t limit_bytes = 0; // RLIMIT_MEMLOCK; SIZE_MAX: none

  // OpenSSL keeps the key of its half of a TLS key exchange there for as long as a connection lives, and refuses a
  // handshake when there is no place for one.
  std::size_t tls_connections() const;
};

// For the process, once, before the first secret is read: what is allocated earlier stays where it is. Half of
// RLIMIT_MEMLOCK, from 4 MiB to 64 MiB; pages are used as they are needed.
KeyMemory set_up_key_memory();

// At least one byte: of the pages for keys, or, while there are none or they are full, of the heap. Throws
// std::bad_alloc.
void* allocate_key_memory(std::size_t size_bytes);
// Wipes it first. Null: nothing.
void free_key_memory(void* block, std::size_t size_bytes) noexcept;

} // namespace authd
