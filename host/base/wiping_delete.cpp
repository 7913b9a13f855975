// SPDX-License-Identifier: Apache-2.0
// What C++ gives back to the heap is overwritten first, in this process: by authd, by plugins, and by the libraries
// that handle secrets and know nothing of it. Poco's JSON parser and its Redis client keep copies of a text in strings
// of their own, which nobody else could reach. A warm token gives nothing back, so this costs nothing where speed
// counts.
//
// The executable's operators take the place of libstdc++'s in every shared object ([replacement.functions] in the C++
// standard). Sanitizers bring their own, which check how memory is used.
#include <cstdlib>
#include <new>

#include <malloc.h>

#include "secrets/secret.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

// All of the block, because nobody knows how much of it was used.
void wipe_and_free(void* block) noexcept {
  if (block == nullptr) return;
  authd::wipe(block, ::malloc_usable_size(block));
  std::free(block);
}

} // namespace

void operator delete(void* block) noexcept { wipe_and_free(block); }
void operator delete[](void* block) noexcept { wipe_and_free(block); }
void operator delete(void* block, std::size_t) noexcept { wipe_and_free(block); }
void operator delete[](void* block, std::size_t) noexcept { wipe_and_free(block); }
void operator delete(void* block, std::align_val_t) noexcept { wipe_and_free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { wipe_and_free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { wipe_and_free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { wipe_and_free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { wipe_and_free(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { wipe_and_free(block); }

#endif
