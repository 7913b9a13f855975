// SPDX-License-Identifier: Apache-2.0
// Lines about the work that no single request owns. Those of one kind are summed: see Log::write_repeated.
#pragma once

#include "base/log.h"
#include "pipeline/recorder.h"

namespace authd::telemetry {

class BackgroundLog final : public pipeline::Recorder {
 public:
  explicit BackgroundLog(Log& log) : log_(log) {} // which must outlive it

  void gateway_called(const pipeline::GatewayReport& report) override;
  void breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) override;
  void tier_failed(const pipeline::TierReport& report) override;

 private:
  Log& log_;
};

} // namespace authd::telemetry
