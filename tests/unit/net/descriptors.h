// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <thread>

#include <sys/eventfd.h>

#include "net/descriptor.h"

namespace authd::net {

inline std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

// Interrupts an attempt to connect once it is under way, which is when this process has a descriptor more.
class InterruptedAttempt {
 public:
  ~InterruptedAttempt() { interrupting_.join(); }
  int descriptor() const { return interrupt_.get(); }

 private:
  const Descriptor interrupt_{::eventfd(0, EFD_CLOEXEC)};
  const std::ptrdiff_t before_ = open_descriptors();
  std::thread interrupting_{[this] {
    while (open_descriptors() <= before_) std::this_thread::yield();
    ::eventfd_write(interrupt_.get(), 1);
  }};
};

} // namespace authd::net
