// SPDX-License-Identifier: Apache-2.0
// How long to pause before something is tried again.
#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>
#include <random>

namespace authd::net {

using std::chrono::milliseconds;

// `first` doubled `times` times, 16 times at most.
inline milliseconds doubled(milliseconds first, unsigned times) { return first * (1 << std::min(times, 16U)); }

// Random numbers that spread out what many instances would otherwise do at the same moment. [thread-safe]
class Jitter {
 public:
  // Uniform in [0, 1).
  double next() {
    const std::lock_guard lock(mutex_);
    return std::uniform_real_distribution<>(0, 1)(engine_);
  }

 private:
  std::mutex mutex_;
  std::minstd_rand engine_{std::random_device{}()};
};

// Pauses that double from `first` to at most `longest` (or `first`, if that is longer), each drawn between half
// and whole. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(milliseconds first, milliseconds longest = milliseconds(2000))
      : first_(first), longest_(std::max(first, longest)) {}

  milliseconds next() {
    const milliseconds whole = std::min(doubled(first_, times_++), longest_);
    const auto half = static_cast<double>(whole.count()) / 2;
    return milliseconds(static_cast<milliseconds::rep>(half + jitter_.next() * half));
  }
  void reset() { times_ = 0; }

 private:
  const milliseconds first_;
  const milliseconds longest_;
  unsigned times_ = 0;
  Jitter jitter_;
};

} // namespace authd::net
