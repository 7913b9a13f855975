// SPDX-License-Identifier: Apache-2.0
// Where stages report what they do besides answering one request: gateway calls, tier operations, what breakers decide,
// shared lookups. Stages themselves log nothing and count nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/call.h"
#include "base/timed_steps.h"
#include "pipeline/circuit_breaker.h"

namespace authd::pipeline {

struct GatewayReport {
  std::string_view operation; // "list", "create", "resolve"
  CallStatus status;
  std::chrono::nanoseconds duration;
  const CallFailure* failure = nullptr; // set unless status is ok
  TraceContext trace{};                 // its span; none: it belongs to no trace
};

struct TierReport {
  std::string_view tier;
  std::string_view operation; // "get", "get_stale", "set", "del", "clear", "take", "open"
  CallStatus status;
  std::string_view message;
};

enum class TierOperation : std::uint8_t { get, get_stale, set, del, clear, take };
inline constexpr std::size_t kTierOperations = 6;

// How an operation on a tier, or a call that a breaker admitted, ended: a status of the ABI, or what a read found.
enum class CallResult : std::uint8_t {
  ok,
  hit,
  miss,
  stale,
  not_found,
  conflict,
  invalid,
  denied,
  rate_limited,
  unavailable,
  timeout,
  cancelled,
  unsupported,
  corrupt,
  internal,
};
inline constexpr std::size_t kCallResults = 15;
CallResult result_of(CallStatus status);
// The same of an operation on a tier: a read that found a copy is a hit, one that did not a miss.
CallResult result_of(TierOperation operation, CallStatus status);
std::string_view name_of(TierOperation operation); // "get_stale"
std::string_view name_of(CallResult result);       // "rate_limited"

struct TierCall {
  std::string_view tier;
  TierOperation operation;
  CallResult result;
  std::chrono::nanoseconds duration;
};

// A lookup that no request caused: the refresh of a copy.
struct RefreshReport {
  const TimedSteps& steps;
  std::span<const HttpAttempt> attempts;
  TraceContext trace;      // of its own
  std::string_view result; // "ok", "stale" or the code of the error
};

enum class LookupEvent : std::uint8_t {
  coalesced,     // a request joined a lookup under way
  refresh_ahead, // a lookup was started in the background, because a copy is due
  lane_rejected, // the blocking lane had no room, or no worker in time
};

// Called on reactors and lane workers alike: must be thread-safe and must not block.
class Recorder {
 public:
  virtual ~Recorder() = default;
  // Every operation on a tier, local ones included: the warm path, so it must neither lock nor allocate.
  virtual void tier_called(const TierCall&) {}
  // A call that a breaker admitted has ended. `breaker` and `operation` as in the reports below.
  virtual void breaker_passed(std::string_view /*breaker*/, std::string_view /*operation*/, CallResult) {}
  virtual void breaker_refused(std::string_view /*breaker*/, std::string_view /*operation*/) {}
  // A request looked for a stale copy in place of the gateway's answer.
  virtual void fell_back(bool /*found*/) {}
  virtual void lookup_event(LookupEvent) {}
  virtual void refreshed(const RefreshReport&) {}
  // The gateway's health was asked for.
  virtual void probed(CallStatus, std::chrono::nanoseconds /*duration*/) {}
  virtual void gateway_called(const GatewayReport& report) = 0;
  // `breaker`: "gateway", or the tier that it guards.
  virtual void breaker_moved(std::string_view breaker, CircuitBreaker::Transition transition) = 0;
  virtual void tier_failed(const TierReport& report) = 0;
};

} // namespace authd::pipeline
