// SPDX-License-Identifier: Apache-2.0
// The one deadline that all steps of an operation share, however many reads and writes it takes.
#pragma once

#include <chrono>

#include "authd/views.hpp"

namespace authd::cache_redis {

using sdk::milliseconds;
using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

class Deadline {
 public:
  explicit Deadline(milliseconds from_now);
  // The earlier of the call's own deadline and `at_most` from now. Borrows the call.
  Deadline(const sdk::Call& call, milliseconds at_most);

  Deadline capped(milliseconds at_most) const;
  // Also over as soon as this descriptor is readable. Borrows it.
  Deadline cancelled_by(int descriptor) const;

  milliseconds remaining() const; // zero: it is over, or the call was withdrawn
  bool over() const { return remaining() <= milliseconds::zero(); }
  // Whether the descriptor became ready for `events` (poll(2)) in time; true also for its end or error.
  bool await(int descriptor, short events) const;
  // Nothing but waiting: until the time has passed or the deadline is over.
  void pause(milliseconds time) const;

 private:
  bool await_any(int descriptor, short events, SteadyTime until) const;

  SteadyTime at_;
  const sdk::Call* call_ = nullptr;
  int cancel_ = -1;
};

} // namespace authd::cache_redis
