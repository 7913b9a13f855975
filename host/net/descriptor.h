// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace authd::net {

// Owns a file descriptor; below zero: none.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Becomes readable at the first raise() and stays so, because it is never read: ends every wait that polls it
// (Deadline::cancelled_by), once and for good.
class Event {
 public:
  // Throws std::system_error when the process may open no more descriptors.
  Event() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_.get() < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  }

  int descriptor() const { return fd_.get(); }                   // for poll(2) only
  void raise() const noexcept { ::eventfd_write(fd_.get(), 1); } // [thread-safe]
  // Gives the descriptor back before the end of the object. Requires that no thread waits for it any more.
  void close() { fd_ = Descriptor(); }

 private:
  Descriptor fd_;
};

} // namespace authd::net
