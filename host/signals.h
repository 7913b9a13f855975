// SPDX-License-Identifier: Apache-2.0
// The signals of the daemon's life, taken by one thread at a time instead of by handlers.
// Poco::Util::ServerApplication waits for INT, QUIT and TERM only and blocks a second TERM.
#pragma once

#include <thread>

namespace authd {

// Blocks TERM, INT and HUP and ignores PIPE and USR1. Must be called before any thread starts, so that all inherit.
void block_signals();

// The next of TERM, INT or HUP. [may-block]
int wait_for_signal();

// While it lives, another TERM or INT ends the process at once: the operator has lost patience.
class ImpatienceWatch {
 public:
  ImpatienceWatch();
  ~ImpatienceWatch();
  ImpatienceWatch(const ImpatienceWatch&) = delete;
  ImpatienceWatch& operator=(const ImpatienceWatch&) = delete;

 private:
  void watch();
  int stop_fd_; // eventfd
  std::thread thread_;
};

} // namespace authd
