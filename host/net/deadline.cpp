// SPDX-License-Identifier: Apache-2.0
#include "net/deadline.h"

#include <array>

namespace authd::net {
namespace {

// An operation that is withdrawn while a thread waits for its peer is noticed within this time.
constexpr milliseconds kLongestWait{100};

} // namespace

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

milliseconds Deadline::left() const {
  const auto left = std::chrono::ceil<milliseconds>(at_ - SteadyClock::now());
  if (left <= milliseconds::zero()) return milliseconds::zero();
  return operation_ == nullptr ? left : std::clamp(left_of_operation_(operation_), milliseconds::zero(), left);
}

bool Deadline::cancelled() const {
  pollfd cancel{cancel_, POLLIN, 0};
  return cancel_ >= 0 && ::poll(&cancel, 1, 0) > 0;
}

milliseconds Deadline::remaining() const { return cancelled() ? milliseconds::zero() : left(); }

Failure Deadline::why_over() const {
  if (cancelled()) return {Failure::Kind::interrupted, "interrupted"};
  return {Failure::Kind::timed_out, "no answer in time"};
}

Deadline::Woken Deadline::await(std::span<pollfd> fds, SteadyTime until) const {
  std::array<pollfd, kMostDescriptors + 1> all{};
  pollfd& cancel = *std::copy(fds.begin(), fds.end(), all.begin());
  cancel = {cancel_, POLLIN, 0};
  for (;;) {
    const milliseconds in_all = left();
    if (in_all <= milliseconds::zero()) return Woken::over;
    const auto wait = std::min(in_all, std::chrono::ceil<milliseconds>(until - SteadyClock::now()));
    if (wait <= milliseconds::zero()) return cancelled() ? Woken::over : Woken::passed;
    const auto at_most = operation_ != nullptr ? std::min(wait, kLongestWait) : wait;
    const int ready = ::poll(all.data(), fds.size() + 1, static_cast<int>(at_most.count()));
    if (cancel.revents != 0) return Woken::over;
    if (ready <= 0) continue; // interrupted by a signal, or out of memory: the deadline still bounds it
    std::copy_n(all.begin(), fds.size(), fds.begin());
    return Woken::ready;
  }
}

bool Deadline::await(int descriptor, short events) const {
  pollfd one{descriptor, events, 0};
  return await({&one, 1}, SteadyTime::max()) == Woken::ready;
}

void Deadline::pause(milliseconds time) const { await({}, SteadyClock::now() + std::min(time, kForever)); }

} // namespace authd::net
