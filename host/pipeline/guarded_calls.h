// SPDX-License-Identifier: Apache-2.0
// The gateway calls of one flight, one after the other: the guard admits each and counts its outcome once, unless it
// has already counted the call as late. For one thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/call.h"
#include "base/result.h"
#include "base/timed_steps.h"
#include "pipeline/gateway_guard.h"
#include "pipeline/recorder.h"

namespace authd::pipeline {

// What a flight has spent its time on so far: written by the worker that runs it, read by those who wait for it.
// [thread-safe]
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
  // A step that is under way has lasted until now.
  TimedSteps so_far() const {
    const std::lock_guard lock(mutex_);
    return steps_.as_of(steady_now());
  }

 private:
  mutable std::mutex mutex_;
  TimedSteps steps_;
};

class GuardedCalls {
 public:
  // References must outlive it. `steps`: where each call is to be noted; null: nowhere.
  GuardedCalls(GatewayGuard& guard, Recorder& recorder, StepLog* steps = nullptr)
      : guard_(guard), recorder_(recorder), steps_(steps) {}
  ~GuardedCalls(); // a call that was never judged gives its place back
  GuardedCalls(const GuardedCalls&) = delete;
  GuardedCalls& operator=(const GuardedCalls&) = delete;

  // Before a call: nullopt, it may be made; else why not.
  std::optional<Error> admit(GatewayUse use, std::string_view operation);
  // After it, with what it failed with, if it did. `in_doubt`: what it said must not count.
  void judge(const CallFailure* failure, bool in_doubt = false);

  std::size_t admitted() const { return admitted_; } // how many so far
  GatewayGuard& guard() const { return guard_; }
  Recorder& recorder() const { return recorder_; }

  // Around a call, or a wait for one: its name and how it ended, as static texts.
  void begin_step(std::string_view name) const {
    if (steps_ != nullptr) steps_->begin(name);
  }
  void end_step(std::string_view result) const {
    if (steps_ != nullptr) steps_->end(result);
  }

 private:
  GatewayGuard& guard_;
  Recorder& recorder_;
  StepLog* const steps_;
  std::size_t admitted_ = 0;
  GatewayUse use_ = GatewayUse::read; // of the call under way
  std::string_view operation_{};      // static text
  std::optional<GatewayGuard::Permit> permit_;
};

} // namespace authd::pipeline
