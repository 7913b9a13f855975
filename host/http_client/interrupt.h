// SPDX-License-Identifier: Apache-2.0
// Ends every wait that watches it, once and for good.
#pragma once

namespace authd::http_client {

// [thread-safe]
class Interrupt {
 public:
  Interrupt(); // throws std::system_error: no descriptor left
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  void raise() noexcept;
  int descriptor() const { return fd_; } // readable from raise() on, for poll(2) only

 private:
  const int fd_;
};

} // namespace authd::http_client
