// SPDX-License-Identifier: Apache-2.0
#include "pipeline/blocking_lane.h"

#include <utility>

namespace authd::pipeline {

BlockingLane::BlockingLane(std::size_t max_workers, std::size_t max_queued)
    : max_workers_(max_workers), max_queued_(max_queued) {}

BlockingLane::~BlockingLane() { stop(); }

bool BlockingLane::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(job));
    // More jobs wait than workers do: one more worker, until there are enough.
    if (queue_.size() > idle_ && workers_.size() < max_workers_) {
      workers_.emplace_back([this] { work(); });
    }
  }
  wake_.notify_one();
  return true;
}

void BlockingLane::stop() {
  std::vector<std::thread> workers;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    workers.swap(workers_);
  }
  wake_.notify_all();
  for (std::thread& worker : workers) worker.join();
}

std::size_t BlockingLane::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void BlockingLane::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
    job = nullptr; // what it captured dies outside the lock
    lock.lock();
  }
}

} // namespace authd::pipeline
