// SPDX-License-Identifier: Apache-2.0
// The rule by which tokens are counted: GCRA (ITU-T I.371, annex A), whose whole state is one time. A consumer may take
// `max_requests` at once; after that one more each window / max_requests. So within any time t it gets at most
// max_requests + t * max_requests / window.
//
// cache-redis has the same rule in Lua (script.cpp); tests hold the two against one model.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace authd {

// Of one consumer's request.
struct RateVerdict {
  bool allowed = true;
  bool shared = false;                // counted by a remote tier, for every instance
  std::int64_t limit = 0;             // requests within a window; 0: nothing was counted
  std::int64_t remaining = 0;         // requests that would be allowed now
  std::chrono::milliseconds next{0};  // until one more than those is allowed; 0: all of the limit is
  std::chrono::milliseconds whole{0}; // until all of the limit is
};

class Gcra {
 public:
  using Nanoseconds = std::int64_t;

  // Both at least 1. The time of one request is rounded up, so that rounding never allows more.
  Gcra(std::int64_t max_requests, std::chrono::nanoseconds window)
      : limit_(max_requests), step_(std::max<Nanoseconds>(1, (window.count() + max_requests - 1) / max_requests)),
        room_(limit_ * step_) {}

  // `busy_until`: the state, 0 for a consumer who is new. `now`: at least 1.
  RateVerdict take(Nanoseconds& busy_until, Nanoseconds now) const {
    // A limit that has been lowered since must not hold a consumer up for longer than its own window.
    const Nanoseconds before = std::clamp(busy_until - now, Nanoseconds{0}, room_);
    const bool allowed = before + step_ <= room_;
    const Nanoseconds busy = allowed ? before + step_ : before;
    busy_until = now + busy;
    return verdict(allowed, busy);
  }

  // Of a consumer who is busy for that long, after the request was counted or refused.
  RateVerdict verdict(bool allowed, Nanoseconds busy) const {
    RateVerdict verdict;
    verdict.allowed = allowed;
    verdict.limit = limit_;
    verdict.remaining = (room_ - busy) / step_;
    if (busy > 0) verdict.next = in_ms(busy - (room_ - (verdict.remaining + 1) * step_));
    verdict.whole = in_ms(busy);
    return verdict;
  }

  std::int64_t limit() const { return limit_; }

 private:
  static std::chrono::milliseconds in_ms(Nanoseconds n) {
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds(std::max<Nanoseconds>(0, n)));
  }

  std::int64_t limit_;
  Nanoseconds step_; // what one request takes
  Nanoseconds room_; // what all of them take
};

} // namespace authd
