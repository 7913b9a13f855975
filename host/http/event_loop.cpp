// SPDX-License-Identifier: Apache-2.0
#include "http/event_loop.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace authd::http {
namespace {

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

// Rounded up, so that a timer that ends the wait is due.
int timeout_ms(SteadyTime deadline) {
  if (deadline == SteadyTime::max()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

} // namespace

EventLoop::EventLoop() : epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")), wake_(-1) {
  try {
    wake_ = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    add(wake_, EPOLLIN, kWakeToken);
  } catch (...) {
    if (wake_ >= 0) ::close(wake_);
    ::close(epoll_);
    throw;
  }
}

EventLoop::~EventLoop() {
  ::close(wake_);
  ::close(epoll_);
}

void EventLoop::add(int socket, std::uint32_t events, std::uint64_t token) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = token;
  checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event), "epoll_ctl");
}

void EventLoop::remove(int socket) { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr); }

std::span<const epoll_event> EventLoop::wait(SteadyTime deadline) {
  const int n = ::epoll_wait(epoll_, ready_.data(), static_cast<int>(ready_.size()), timeout_ms(deadline));
  if (n < 0 && errno != EINTR) checked(n, "epoll_wait");
  return {ready_.data(), static_cast<std::size_t>(std::max(n, 0))};
}

// A full counter means that a wake-up is already pending; there is no other failure.
void EventLoop::wake() { (void)!::eventfd_write(wake_, 1); }

void EventLoop::acknowledge_wake() {
  eventfd_t count = 0;
  (void)!::eventfd_read(wake_, &count);
}

} // namespace authd::http
