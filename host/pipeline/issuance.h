// SPDX-License-Identifier: Apache-2.0
// "Can issue" (spec/token-service.md, "Health"): whether some consumer could be answered with a token, judged by what
// the pipeline would do now. /health, /health/ready and the service manager's STATUS read this one judgement.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "pipeline/gateway_guard.h"
#include "pipeline/recorder.h"
#include "pipeline/tier_stack.h"
#include "plugin/health.h"

namespace authd::pipeline {

struct Issuance {
  bool by_gateway = false;  // it answers, its breaker lets calls through, no pause runs
  bool from_copies = false; // a tier that answers may hold copies within their stale window
  bool tiers_well = true;
  std::string why; // the first dependency that is down, refuses or is skipped; empty: none is

  bool possible() const { return by_gateway || from_copies; }
  std::string_view status() const; // "healthy", "degraded", "unhealthy": of authd as a whole
};

// `gateway`: its last probe. Creating plays no part in whether tokens can be issued; its breaker is named in `why`.
Issuance judge_issuance(const plugin::Health& gateway, GatewayGuard& guard, const TierStack& tiers, SteadyTime now,
                        Recorder& recorder);

} // namespace authd::pipeline
