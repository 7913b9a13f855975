// SPDX-License-Identifier: Apache-2.0
#include "pipeline/issuance.h"

#include <fmt/format.h>

namespace authd::pipeline {
namespace {

using plugin::Health;

// A role that may not see the probe's answer may still be one that reads: under a base that has proved itself the
// breaker knows better.
bool answers(const Health& gateway, const GatewayGuard& guard) {
  if (gateway.state != Health::State::down) return true;
  return gateway.status == CallStatus::denied && guard.base_is_proved();
}

std::string trouble_of_gateway(const Health& gateway, const std::optional<Error>& refusal, const GatewayGuard& guard) {
  if (gateway.state == Health::State::down) return fmt::format("the gateway is down: {}", gateway.detail);
  if (refusal) return refusal->detail;
  if (gateway.state == Health::State::degraded) return fmt::format("the gateway is degraded: {}", gateway.detail);
  for (const GatewayUse use : {GatewayUse::read, GatewayUse::create})
    if (guard.state(use) != CircuitBreaker::State::closed)
      return fmt::format("the circuit breaker {} is {}", breaker_name(use), name_of(guard.state(use)));
  return {};
}

} // namespace

std::string_view Issuance::status() const {
  if (!possible()) return "unhealthy";
  return why.empty() ? "healthy" : "degraded";
}

Issuance judge_issuance(const Health& gateway, GatewayGuard& guard, const TierStack& tiers, SteadyTime now,
                        Recorder& recorder) {
  const std::optional<Error> refusal = guard.refusal(GatewayUse::read, now, recorder);
  Issuance issuance;
  issuance.by_gateway = answers(gateway, guard) && !refusal;
  issuance.from_copies = tiers.may_hold_copies();
  issuance.why = trouble_of_gateway(gateway, refusal, guard);
  for (const TierState& tier : tiers.states()) {
    if (tier.condition.is_well()) continue;
    issuance.tiers_well = false;
    if (issuance.why.empty()) issuance.why = fmt::format("cache tier {}: {}", tier.name, tier.condition.why);
  }
  return issuance;
}

} // namespace authd::pipeline
