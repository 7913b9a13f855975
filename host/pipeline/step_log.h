// SPDX-License-Identifier: Apache-2.0
// What a flight has spent its time on so far: written by the worker that carries it on, read by whoever waits for it
// and wants to say what he waited for. [thread-safe]
#pragma once

#include <mutex>
#include <string_view>

#include "base/timed_steps.h"

namespace authd::pipeline {

class StepLog {
 public:
  void begin(std::string_view name) {
    const std::lock_guard lock(mutex_);
    steps_.begin(name, steady_now());
  }
  void end(std::string_view result) {
    const std::lock_guard lock(mutex_);
    steps_.end(result, steady_now());
  }
  // One that is under way has lasted until now.
  TimedSteps so_far() const {
    const std::lock_guard lock(mutex_);
    return steps_.as_of(steady_now());
  }

 private:
  mutable std::mutex mutex_;
  TimedSteps steps_;
};

} // namespace authd::pipeline
