// SPDX-License-Identifier: Apache-2.0
#include "plugin/call_clock.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <poll.h>

namespace authd::plugin {
namespace {

// A call that is withdrawn while a thread waits for its peer is noticed within this time.
constexpr std::int64_t kLongestWait_ms = 100;
constexpr int kNoDescriptor = -1; // poll(2) ignores it

std::int64_t ms_until(SteadyTime end) {
  if (end == SteadyTime::max()) return kLongestWait_ms;
  return std::chrono::ceil<milliseconds>(end - steady_now()).count();
}

} // namespace

CallClock CallClock::capped(milliseconds at_most) const {
  CallClock copy = *this;
  // A call without a deadline has more milliseconds left than the clock can hold nanoseconds.
  copy.cap_ = std::min(cap_, steady_now() + std::min<milliseconds>(at_most, std::chrono::hours(24)));
  return copy;
}

std::int64_t CallClock::remaining_ms() const {
  const std::int64_t of_call = host_->remaining_ms(host_, call_);
  if (cap_ == SteadyTime::max()) return of_call;
  return std::clamp<std::int64_t>(ms_until(cap_), 0, of_call);
}

std::optional<SocketFailure> CallClock::over() const {
  if (interrupt_->raised()) return SocketFailure{AUTHD_CANCELLED, "given up because authd ends"};
  if (remaining_ms() <= 0) return SocketFailure{AUTHD_TIMEOUT, "no answer in time"};
  return std::nullopt;
}

Result<void, SocketFailure> CallClock::await(int fd, short events) const {
  return poll_until(SteadyTime::max(), fd, events);
}

Result<void, SocketFailure> CallClock::pause(milliseconds duration) const {
  return poll_until(steady_now() + duration, kNoDescriptor, 0);
}

// Succeeds when `fd` is ready and when `end` has come.
Result<void, SocketFailure> CallClock::poll_until(SteadyTime end, int fd, short events) const {
  for (;;) {
    if (auto why = over()) return tl::make_unexpected(std::move(*why));
    const std::int64_t left = ms_until(end);
    if (left <= 0) return {};
    std::array<pollfd, 2> fds{{{fd, events, 0}, {interrupt_->descriptor(), POLLIN, 0}}};
    const auto at_most = std::min({left, remaining_ms(), kLongestWait_ms});
    const int n = ::poll(fds.data(), fds.size(), static_cast<int>(at_most));
    if (n > 0 && fds[0].revents != 0) return {};
    if (n < 0 && errno != EINTR) {
      return tl::make_unexpected(SocketFailure{AUTHD_UNAVAILABLE, std::system_category().message(errno)});
    }
  }
}

} // namespace authd::plugin
