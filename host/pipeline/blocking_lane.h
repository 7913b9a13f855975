// SPDX-License-Identifier: Apache-2.0
// A bounded pool of workers for whatever may block. Threads are started when there is work for them and
// stay. The queue is bounded: when it is full the caller is told at once and sheds its load (bulkhead).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace authd::pipeline {

class BlockingLane {
 public:
  using Job = std::function<void()>; // must not throw

  BlockingLane(std::size_t max_workers, std::size_t max_queued);
  ~BlockingLane(); // stop()
  BlockingLane(const BlockingLane&) = delete;
  BlockingLane& operator=(const BlockingLane&) = delete;

  // False: the queue is full or the lane has stopped; the job was not taken. [thread-safe]
  [[nodiscard]] bool submit(Job job);

  // Runs what is queued, then joins the workers. Idempotent. [may-block]
  void stop();

  std::size_t queued() const;

 private:
  void work();

  const std::size_t max_workers_;
  const std::size_t max_queued_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  std::vector<std::thread> workers_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

} // namespace authd::pipeline
