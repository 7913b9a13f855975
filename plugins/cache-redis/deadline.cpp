// SPDX-License-Identifier: Apache-2.0
#include "deadline.h"

#include <algorithm>

#include <poll.h>

namespace authd::cache_redis {
namespace {

// A call that is withdrawn while a thread waits for its server is noticed within this time.
constexpr milliseconds kLongestWait{100};
// A call without a deadline has more milliseconds left than the clock can hold nanoseconds.
constexpr milliseconds kForever = std::chrono::hours(24);

} // namespace

Deadline::Deadline(milliseconds from_now) : at_(SteadyClock::now() + std::min(from_now, kForever)) {}

Deadline::Deadline(const sdk::Call& call, milliseconds at_most)
    : at_(SteadyClock::now() + std::min({call.remaining(), at_most, kForever})), call_(&call) {}

Deadline Deadline::capped(milliseconds at_most) const {
  Deadline copy = *this;
  copy.at_ = std::min(at_, SteadyClock::now() + std::min(at_most, kForever));
  return copy;
}

Deadline Deadline::cancelled_by(int descriptor) const {
  Deadline copy = *this;
  copy.cancel_ = descriptor;
  return copy;
}

milliseconds Deadline::remaining() const {
  const auto left = std::chrono::ceil<milliseconds>(at_ - SteadyClock::now());
  if (left <= milliseconds::zero() || (call_ != nullptr && call_->expired())) return milliseconds::zero();
  pollfd cancel{cancel_, POLLIN, 0};
  if (cancel_ >= 0 && ::poll(&cancel, 1, 0) > 0) return milliseconds::zero();
  return left;
}

bool Deadline::await(int descriptor, short events) const { return await_any(descriptor, events, at_); }

void Deadline::pause(milliseconds time) const {
  await_any(-1, 0, std::min(at_, SteadyClock::now() + std::min(time, kForever)));
}

// poll(2) ignores descriptors below zero.
bool Deadline::await_any(int descriptor, short events, SteadyTime until) const {
  for (;;) {
    const auto left = std::min(remaining(), std::chrono::ceil<milliseconds>(until - SteadyClock::now()));
    if (left <= milliseconds::zero()) return false;
    pollfd both[2] = {{descriptor, events, 0}, {cancel_, POLLIN, 0}};
    const auto wait = call_ != nullptr ? std::min(left, kLongestWait) : left;
    ::poll(both, 2, static_cast<int>(wait.count()));
    if (both[0].revents != 0) return true;
  }
}

} // namespace authd::cache_redis
