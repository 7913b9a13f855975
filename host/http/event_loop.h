// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <sys/epoll.h>

#include "base/clock.h"

namespace authd::http {

// epoll with a wake-up. Poco's PollSet has none, and allocates per ready socket.
class EventLoop {
 public:
  static constexpr std::uint64_t kWakeToken = ~std::uint64_t{0};

  EventLoop(); // throws std::system_error
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // `events`: those of epoll_ctl(2). A closed socket is removed by the kernel. Throws std::system_error.
  void add(int socket, std::uint32_t events, std::uint64_t token);
  void remove(int socket);

  // Waits until a socket is ready, at most until `deadline`. The result is valid until the next call.
  std::span<const epoll_event> wait(SteadyTime deadline);

  void wake(); // [thread-safe] the next wait returns with kWakeToken
  void acknowledge_wake();

 private:
  int epoll_;
  int wake_;
  std::array<epoll_event, 256> ready_{};
};

} // namespace authd::http
