// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <random>

#include "deadline.h"

namespace authd::cache_redis {

// Pauses that double from `first` to at most two seconds (or `first`, if that is longer), each drawn
// between half and whole, so that many instances do not come back at once. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(milliseconds first) : first_(first), random_(std::random_device{}()) {}

  milliseconds next() {
    const milliseconds longest = std::max(first_, kLongest);
    const milliseconds whole = std::min(first_ * (1 << std::min(steps_++, 16)), longest);
    return milliseconds(std::uniform_int_distribution<milliseconds::rep>(whole.count() / 2, whole.count())(random_));
  }
  void reset() { steps_ = 0; }

 private:
  static constexpr milliseconds kLongest{2000};

  const milliseconds first_;
  int steps_ = 0;
  std::minstd_rand random_;
};

} // namespace authd::cache_redis
