// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

namespace authd::http {

// Bytes that grow by doubling. The first kSmall come from the heap and are kept; more are pages of their own,
// which the system has back as soon as they are given up. From the heap they would stay with the process: 400
// bodies of 1 MiB left 230 MB behind.
class ReceiveBuffer {
 public:
  static constexpr std::size_t kSmall = 8 * 1024;

  ReceiveBuffer() : small_(new char[kSmall]) {} // not zeroed: memory that nobody has written to does not count as used
  ~ReceiveBuffer() { unmap(); }
  ReceiveBuffer(const ReceiveBuffer&) = delete;
  ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;

  char* data() { return mapped_ == nullptr ? small_.get() : mapped_; }
  std::size_t capacity() const { return capacity_; }

  // Keeps the bytes; they may move. False: the system has no memory.
  bool grow();
  // Back to kSmall, with `size` bytes (kSmall at most) from `begin` on as the first ones.
  void shrink(std::size_t begin, std::size_t size);

 private:
  void unmap();

  std::unique_ptr<char[]> small_;
  char* mapped_ = nullptr;
  std::size_t capacity_ = kSmall;
};

} // namespace authd::http
