// SPDX-License-Identifier: Apache-2.0
// The calls to the gateway that one flight makes, one after the other: each is admitted by the guard and judged once,
// by its outcome, unless the guard has counted it as late before. For one thread.
#pragma once

#include <cstddef>
#include <optional>

#include "base/error.h"
#include "pipeline/gateway_guard.h"
#include "pipeline/recorder.h"
#include "plugin/call.h"

namespace authd::pipeline {

class GuardedCalls {
 public:
  // References must outlive it.
  GuardedCalls(GatewayGuard& guard, Recorder& recorder) : guard_(guard), recorder_(recorder) {}
  ~GuardedCalls(); // a call that was never judged gives its place back
  GuardedCalls(const GuardedCalls&) = delete;
  GuardedCalls& operator=(const GuardedCalls&) = delete;

  // Before a call: nullopt, it may be made; else why not.
  std::optional<Error> admit(GatewayUse use);
  // After it, with what it failed with, if it did. `in_doubt`: what it said must not count.
  void judge(const plugin::Failure* failure, bool in_doubt = false);

  std::size_t admitted() const { return admitted_; } // how many so far
  GatewayGuard& guard() const { return guard_; }
  Recorder& recorder() const { return recorder_; }

 private:
  GatewayGuard& guard_;
  Recorder& recorder_;
  std::size_t admitted_ = 0;
  GatewayUse use_ = GatewayUse::read; // of the call under way
  std::optional<GatewayGuard::Permit> permit_;
};

} // namespace authd::pipeline
