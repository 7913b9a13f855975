// SPDX-License-Identifier: Apache-2.0
// The calls to the gateway that one flight makes, one after the other: each is admitted by the guard and judged
// once, by its outcome, or as a failure before that when the patience of those who wait is over.
#pragma once

#include <mutex>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "pipeline/gateway_guard.h"
#include "pipeline/recorder.h"
#include "plugin/call.h"

namespace authd::pipeline {

class GuardedCalls {
 public:
  // `timeout`: a call that takes longer is a failure, whatever it brings. References must outlive it.
  GuardedCalls(GatewayGuard& guard, milliseconds timeout, Recorder& recorder)
      : guard_(guard), timeout_(timeout), recorder_(recorder) {}
  ~GuardedCalls(); // a call that was never judged gives its place back

  // Before a call: nullopt, it may be made; else why not.
  std::optional<Error> admit(GatewayUse use);
  // After it, with what it failed with, if it did. `in_doubt`: what it said must not count.
  void judge(const plugin::Failure* failure, bool in_doubt = false);

  // The call under way counts as a failure from now on. [thread-safe]
  void expire();

  const GatewayGuard& guard() const { return guard_; }
  GatewayGuard& guard() { return guard_; }
  Recorder& recorder() const { return recorder_; }

 private:
  std::optional<GatewayGuard::Permit> take_permit();

  GatewayGuard& guard_;
  const milliseconds timeout_;
  Recorder& recorder_;
  SteadyTime begun_{}; // of the call under way; touched by the flight's worker alone
  std::mutex mutex_;
  std::optional<GatewayGuard::Permit> permit_; // of the call under way, until it is judged
};

} // namespace authd::pipeline
