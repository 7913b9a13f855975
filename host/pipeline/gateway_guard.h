// SPDX-License-Identifier: Apache-2.0
// Guards the gateway against lookups, and outlives a reload that keeps the gateway: a breaker for reading
// and one for creating, the pause that the gateway asked for, and whether its base URL has proved itself.
//
//   pause   RATE_LIMITED is neither success nor failure: reading and creating stop until the time that Retry-After
//           named; then one call finds out whether it is over.
//   proof   until anything under the base was answered well, "not found" may mean that the base is wrong.
//
// A call that takes longer than it may is a failure from then on, whether or not a request waits for it: the next use
// of the guard counts it first. The rules: spec/kong.md. Time is passed in; nothing here does I/O. [thread-safe]
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "pipeline/circuit_breaker.h"
#include "pipeline/recorder.h"

namespace authd::pipeline {

enum class GatewayUse : std::uint8_t { read, create };
std::string_view breaker_name(GatewayUse use); // "gateway", "gateway-create"

class GatewayGuard {
 public:
  // Both breakers have these settings; a pause is at most `reset_timeout` long. `timeout`: of one call.
  GatewayGuard(CircuitBreaker::Settings settings, milliseconds timeout);

  // A place that was granted. Must be handed back through record or pause, which take no notice of one that has
  // been counted as late.
  using Permit = std::uint64_t;

  // A permit, or why there is none: AUTH_004 during a pause, AUTH_005 behind an open breaker.
  std::variant<Permit, Error> acquire(GatewayUse use, SteadyTime now, Recorder& recorder);
  void record(Permit permit, CircuitBreaker::Outcome outcome, SteadyTime now, Recorder& recorder);
  // Instead of record: the gateway limits the rate. `retry_after` zero: it did not say for how long.
  void pause(Permit permit, milliseconds retry_after, SteadyTime now, Recorder& recorder);

  // The answer while acquire would be refused, without taking a place; nullopt: it would not be.
  std::optional<Error> refusal(GatewayUse use, SteadyTime now, Recorder& recorder);

  CircuitBreaker::State state(GatewayUse use) const { return breaker(use).state(); }
  bool is_paused(SteadyTime now) const { return pause_left(now) > milliseconds(0); }

  // Whether any breaker waits for the gateway to recover, so that it is worth probing.
  bool needs_probe() const;
  // The gateway's probe was good: each open breaker lets one call through at once.
  void recovered(SteadyTime now, Recorder& recorder);

  bool base_is_proved() const { return proved_.load(std::memory_order_relaxed); }
  void prove_base() { proved_.store(true, std::memory_order_relaxed); }

 private:
  struct Running {
    GatewayUse use;
    CircuitBreaker::Permit breaker;
    bool ends_pause; // the one call that finds out whether a pause is over
    SteadyTime since;
  };

  CircuitBreaker& breaker(GatewayUse use) { return use == GatewayUse::read ? read_ : create_; }
  const CircuitBreaker& breaker(GatewayUse use) const { return use == GatewayUse::read ? read_ : create_; }
  void count_late(SteadyTime now, Recorder& recorder);
  void judge(const Running& call, CircuitBreaker::Outcome outcome, SteadyTime now, Recorder& recorder);
  milliseconds pause_left(SteadyTime now) const;
  std::optional<bool> pass_pause(SteadyTime now); // nullopt: paused; else whether this call ends the pause
  void end_pause_call(bool over);

  const milliseconds longest_pause_;
  const milliseconds timeout_;
  CircuitBreaker read_;
  CircuitBreaker create_;
  std::atomic<bool> proved_{false};

  mutable std::mutex mutex_; // guards these
  std::map<Permit, Running> running_;
  Permit last_permit_ = 0;
  bool paused_ = false; // until one call was answered
  bool ending_ = false; // that call is under way
  SteadyTime paused_until_{};
  milliseconds pause_length_{0};
};

} // namespace authd::pipeline
