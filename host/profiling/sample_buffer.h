// SPDX-License-Identifier: Apache-2.0
// Where a signal handler puts the stacks that it takes. Memory is mapped once and used from the front; what does not
// fit is counted. record() is async-signal-safe: it takes no lock and allocates nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include <sys/types.h>

namespace authd::profiling {

class SampleBuffer {
 public:
  static constexpr std::size_t kMostFrames = 128; // of one stack; what is outside of them is cut off

  explicit SampleBuffer(std::size_t bytes); // throws std::bad_alloc
  ~SampleBuffer();
  SampleBuffer(const SampleBuffer&) = delete;
  SampleBuffer& operator=(const SampleBuffer&) = delete;

  // `periods`: how many periods of CPU time it stands for. [thread-safe]
  void record(pid_t tid, std::uint32_t periods, std::span<const std::uintptr_t> stack) noexcept;

  // In the order of their recording. No record() may run meanwhile.
  using Visit = std::function<void(pid_t tid, std::uint32_t periods, std::span<const std::uintptr_t> stack)>;
  void for_each(const Visit& visit) const;
  std::uint64_t lost() const { return lost_.load(); }

 private:
  std::uintptr_t* const words_;
  const std::size_t capacity_; // words
  std::atomic<std::size_t> used_{0};
  std::atomic<std::uint64_t> lost_{0};
};

} // namespace authd::profiling
