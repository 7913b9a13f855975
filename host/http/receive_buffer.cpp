// SPDX-License-Identifier: Apache-2.0
#include "http/receive_buffer.h"

#include <cstring>

#include <sys/mman.h>

namespace authd::http {

bool ReceiveBuffer::grow() {
  const std::size_t larger = capacity_ * 2;
  void* pages = mapped_ == nullptr ? ::mmap(nullptr, larger, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                   : ::mremap(mapped_, capacity_, larger, MREMAP_MAYMOVE);
  if (pages == MAP_FAILED) return false;
  if (mapped_ == nullptr) std::memcpy(pages, small_.get(), capacity_);
  mapped_ = static_cast<char*>(pages);
  capacity_ = larger;
  return true;
}

void ReceiveBuffer::shrink(std::size_t begin, std::size_t size) {
  if (mapped_ == nullptr) {
    std::memmove(small_.get(), small_.get() + begin, size);
    return;
  }
  std::memcpy(small_.get(), mapped_ + begin, size);
  unmap();
}

void ReceiveBuffer::unmap() {
  if (mapped_ != nullptr) ::munmap(mapped_, capacity_);
  mapped_ = nullptr;
  capacity_ = kSmall;
}

} // namespace authd::http
