// SPDX-License-Identifier: Apache-2.0
// The gateway calls of one flight, one after the other: the guard admits each and counts its outcome once, unless it
// has already counted the call as late. For one thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/call.h"
#include "base/result.h"
#include "pipeline/gateway_guard.h"
#include "pipeline/recorder.h"
#include "pipeline/step_log.h"

namespace authd::pipeline {

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

  // Around a call, or a wait for one: its name and how it ended, as static texts; its span and exchanges.
  void begin_step(std::string_view name, const SpanId& span = {}) const {
    if (steps_ != nullptr) steps_->begin(name, {}, span);
  }
  void end_step(std::string_view result, std::vector<HttpAttempt> attempts = {}) const {
    if (steps_ != nullptr) steps_->end(result, std::move(attempts));
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
