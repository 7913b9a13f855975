// SPDX-License-Identifier: Apache-2.0
// Where work that no single request owns is reported: gateway calls, breaker steps, tiers that fail.
// Stages themselves log nothing and count nothing.
#pragma once

#include <chrono>
#include <string_view>

#include "base/call.h"
#include "pipeline/circuit_breaker.h"

namespace authd::pipeline {

struct GatewayReport {
  std::string_view operation; // "list", "create", "resolve"
  CallStatus status;
  std::chrono::nanoseconds duration;
  const CallFailure* failure = nullptr; // set unless status is ok
};

struct TierReport {
  std::string_view tier;
  std::string_view operation; // "get", "get_stale", "set", "del", "clear", "open"
  CallStatus status;
  std::string_view message;
};

// Called on reactors and lane workers alike: must be thread-safe and must not block.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void gateway_called(const GatewayReport& report) = 0;
  // `breaker`: "gateway", or the tier that it guards.
  virtual void breaker_moved(std::string_view breaker, CircuitBreaker::Transition transition) = 0;
  virtual void tier_failed(const TierReport& report) = 0;
};

} // namespace authd::pipeline
