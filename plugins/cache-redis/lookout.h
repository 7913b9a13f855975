// SPDX-License-Identifier: Apache-2.0
// A thread that looks, every so often and whenever somebody asks for it, whether something has changed.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "deadline.h"
#include "wake.h"

namespace authd::cache_redis {

class Lookout {
 public:
  // `look` gets a deadline that is over when the thread shall end.
  Lookout(milliseconds period, std::function<void(const Deadline&)> look);
  ~Lookout(); // stops

  void start();
  void stop();
  // Soon, but not more often than ten times a second. [thread-safe]
  void look_now();
  // Until it has looked once. [thread-safe]
  void await_first(const Deadline& deadline) const;

 private:
  void run();
  void look() noexcept;

  const milliseconds period_;
  const std::function<void(const Deadline&)> look_;
  mutable std::mutex mutex_;
  mutable std::condition_variable looked_;
  std::condition_variable wanted_;
  bool asked_ = false;
  bool has_looked_ = false;
  bool stopping_ = false;
  Wake stop_;
  std::thread thread_;
};

} // namespace authd::cache_redis
