// SPDX-License-Identifier: Apache-2.0
// What a flight has spent its time on so far, and whose trace that is: written by the worker that runs it, read by
// those who wait for it. [thread-safe]
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http_attempt.h"
#include "base/timed_steps.h"
#include "base/trace_context.h"

namespace authd::pipeline {

// A TraceContext that owns its state.
class OwnedTrace {
 public:
  OwnedTrace() = default;
  explicit OwnedTrace(const TraceContext& context) : context_(context), state_(context.state) {}
  explicit operator bool() const { return static_cast<bool>(context_); }
  // Valid as long as this is.
  TraceContext context() const {
    TraceContext context = context_;
    context.state = state_;
    return context;
  }

 private:
  TraceContext context_;
  std::string state_;
};

class StepLog {
 public:
  struct Report {
    TimedSteps steps; // one that is under way has lasted until now
    std::vector<HttpAttempt> attempts;
    OwnedTrace owner;
  };

  // Its calls to the gateway belong to the first trace that is handed over.
  void adopt(const TraceContext& trace) {
    const std::lock_guard lock(mutex_);
    if (!owner_) owner_ = OwnedTrace(trace);
  }
  OwnedTrace owner() const {
    const std::lock_guard lock(mutex_);
    return owner_;
  }

  // `tier`, `span`: see TimedStep.
  void begin(std::string_view name, std::string_view tier = {}, const SpanId& span = {}) {
    const std::lock_guard lock(mutex_);
    steps_.begin(name, steady_now(), tier, span);
  }
  void end(std::string_view result, std::vector<HttpAttempt> attempts = {}) {
    const std::lock_guard lock(mutex_);
    steps_.end(result, steady_now());
    for (HttpAttempt& attempt : attempts) attempts_.push_back(std::move(attempt));
  }

  TimedSteps so_far() const {
    const std::lock_guard lock(mutex_);
    return steps_.as_of(steady_now());
  }
  Report report() const {
    const std::lock_guard lock(mutex_);
    return {steps_.as_of(steady_now()), attempts_, owner_};
  }

 private:
  mutable std::mutex mutex_;
  TimedSteps steps_;
  std::vector<HttpAttempt> attempts_;
  OwnedTrace owner_;
};

} // namespace authd::pipeline
