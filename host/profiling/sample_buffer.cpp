// SPDX-License-Identifier: Apache-2.0
#include "profiling/sample_buffer.h"

#include <algorithm>
#include <new>

#include <sys/mman.h>

namespace authd::profiling {
namespace {

constexpr std::size_t kHeaderWords = 2; // the thread and the number of frames; the periods

std::uintptr_t* mapped(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::uintptr_t*>(memory);
}

} // namespace

SampleBuffer::SampleBuffer(std::size_t bytes) : words_(mapped(bytes)), capacity_(bytes / sizeof(std::uintptr_t)) {}

SampleBuffer::~SampleBuffer() { ::munmap(words_, capacity_ * sizeof(std::uintptr_t)); }

void SampleBuffer::record(pid_t tid, std::uint32_t periods, std::span<const std::uintptr_t> stack) noexcept {
  const std::size_t need = kHeaderWords + stack.size();
  std::size_t at = used_.load(std::memory_order_relaxed);
  do {
    if (need > capacity_ - at) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  } while (!used_.compare_exchange_weak(at, at + need, std::memory_order_relaxed));
  words_[at] = static_cast<std::uintptr_t>(static_cast<std::uint32_t>(tid)) << 16 | stack.size();
  words_[at + 1] = periods;
  std::copy(stack.begin(), stack.end(), words_ + at + kHeaderWords);
}

void SampleBuffer::for_each(const Visit& visit) const {
  const std::size_t end = used_.load();
  for (std::size_t at = 0; at < end;) {
    const std::size_t frames = words_[at] & 0xffff;
    const auto periods = static_cast<std::uint32_t>(words_[at + 1]);
    visit(static_cast<pid_t>(words_[at] >> 16), periods, {words_ + at + kHeaderWords, frames});
    at += kHeaderWords + frames;
  }
}

} // namespace authd::profiling
