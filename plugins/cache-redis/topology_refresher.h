// SPDX-License-Identifier: Apache-2.0
// A thread that finds out which servers are in charge, periodically and on request.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "fault.h"
#include "net/descriptor.h"

namespace authd::cache_redis {

class TopologyRefresher {
 public:
  // `refresh` gets a deadline that is over as soon as stop() is called.
  TopologyRefresher(milliseconds period, std::function<void(const Deadline&)> refresh);
  ~TopologyRefresher(); // stops

  void start();
  void stop();
  // Soon, but at most ten times a second. [thread-safe]
  void refresh_now();
  // Waits until the first refresh has ended. [thread-safe] [may-block]
  void await_first(const Deadline& deadline) const;

 private:
  void run();
  void refresh() noexcept;

  const milliseconds period_;
  const std::function<void(const Deadline&)> refresh_;
  mutable std::mutex mutex_;
  mutable std::condition_variable refreshed_;
  std::condition_variable work_; // for the thread
  bool requested_ = false;
  bool has_refreshed_ = false;
  bool stopping_ = false;
  net::Event stop_;
  std::thread thread_;
};

} // namespace authd::cache_redis
