// SPDX-License-Identifier: Apache-2.0
// The service manager's end of $NOTIFY_SOCKET: what authd tells it, in order.
#pragma once

#include <cerrno>
#include <chrono>
#include <concepts>
#include <string>
#include <system_error>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/temp_dir.h"

namespace authd::test {

class NotifySocket {
 public:
  NotifySocket() : path_((dir_.path() / "notify").string()), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      throw std::system_error(errno, std::system_category(), path_);
  }
  ~NotifySocket() { ::close(fd_); }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  const std::string& path() const { return path_; }

  // The first line of each datagram so far, "READY=1", but for STATUS; waits until `wanted` is among them.
  const std::vector<std::string>& until(const std::string& wanted, std::chrono::milliseconds at_most) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (!heard(wanted) && receive(deadline)) {
    }
    return states_;
  }
  // Whether there are so many datagrams, not counting STATUS.
  bool await_count(std::size_t wanted, std::chrono::milliseconds at_most) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (states_.size() < wanted && receive(deadline)) {
    }
    return states_.size() >= wanted;
  }
  // Whether the status line becomes this.
  bool await_status(const std::string& wanted, std::chrono::milliseconds at_most) {
    return await_status([&](const std::string& status) { return status == wanted; }, at_most);
  }
  template <std::predicate<const std::string&> Wanted>
  bool await_status(Wanted wanted, std::chrono::milliseconds at_most) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (!wanted(status_) && receive(deadline)) {
    }
    return wanted(status_);
  }
  const std::string& status() const { return status_; }
  // All of a process that has ended.
  const std::vector<std::string>& all() {
    while (receive(std::chrono::steady_clock::now())) {
    }
    return states_;
  }

 private:
  bool heard(const std::string& wanted) const {
    for (const std::string& state : states_)
      if (state == wanted) return true;
    return false;
  }
  bool receive(std::chrono::steady_clock::time_point deadline) {
    const auto left = deadline - std::chrono::steady_clock::now();
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    pollfd readable{fd_, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(ms > 0 ? ms : 0)) != 1) return false;
    char bytes[4096];
    const ssize_t n = ::recv(fd_, bytes, sizeof(bytes), 0);
    if (n <= 0) return false;
    const std::string text(bytes, static_cast<std::size_t>(n));
    const std::string line = text.substr(0, text.find('\n'));
    if (line.starts_with("STATUS=")) {
      status_ = line.substr(line.find('=') + 1);
    } else {
      states_.push_back(line);
    }
    return true;
  }

  TempDir dir_;
  std::string path_;
  int fd_;
  std::vector<std::string> states_;
  std::string status_;
};

} // namespace authd::test
