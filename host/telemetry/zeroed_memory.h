// SPDX-License-Identifier: Apache-2.0
// An array of atomic numbers, all zero at first, for which the kernel gives memory page by page as they are written:
// most of what is reserved for counting is never counted in.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace authd::telemetry {

class ZeroedMemory {
 public:
  using Number = std::atomic<std::uint64_t>;
  static_assert(Number::is_always_lock_free && sizeof(Number) == 8); // so that zeroed bytes are numbers

  explicit ZeroedMemory(std::size_t numbers) : bytes_(numbers * sizeof(Number)) {
    void* memory = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    numbers_ = static_cast<Number*>(memory);
  }
  ~ZeroedMemory() { ::munmap(numbers_, bytes_); }
  ZeroedMemory(const ZeroedMemory&) = delete;
  ZeroedMemory& operator=(const ZeroedMemory&) = delete;

  Number& operator[](std::size_t i) noexcept { return numbers_[i]; }
  const Number& operator[](std::size_t i) const noexcept { return numbers_[i]; }

 private:
  const std::size_t bytes_;
  Number* numbers_;
};

} // namespace authd::telemetry
