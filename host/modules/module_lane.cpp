// SPDX-License-Identifier: Apache-2.0
#include "modules/module_lane.h"

#include <utility>

namespace authd::modules {

bool ModuleShare::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (running_ >= workers_) {
      if (waiting_.size() >= queued_) return false;
      waiting_.push_back(std::move(job));
      return true;
    }
    ++running_;
  }
  if (begin(std::move(job))) return true;
  const std::lock_guard lock(mutex_);
  --running_;
  return false;
}

bool ModuleShare::begin(std::function<void()> job) {
  return lane_.submit(pipeline::BlockingLane::plain_job([self = shared_from_this(), job = std::move(job)] {
    job();
    self->ended();
  }));
}

// Its place goes to the next one that waits. On the worker itself, since the lane may have no room: what was let in
// must be answered.
void ModuleShare::ended() {
  for (;;) {
    std::function<void()> next;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        --running_;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    next();
  }
}

std::size_t ModuleShare::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

std::size_t ModuleShare::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

} // namespace authd::modules
