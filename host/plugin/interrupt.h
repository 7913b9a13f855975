// SPDX-License-Identifier: Apache-2.0
// Ends every wait that watches it, once and for good.
#pragma once

#include <atomic>

namespace authd::plugin {

// [thread-safe]
class Interrupt {
 public:
  Interrupt(); // throws std::system_error: no descriptor left
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void raise() noexcept;
  bool raised() const { return raised_.load(std::memory_order_acquire); }
  int descriptor() const { return fd_; } // readable from raise() on, for poll(2) only

 private:
  const int fd_;
  std::atomic<bool> raised_{false};
};

} // namespace authd::plugin
