// SPDX-License-Identifier: Apache-2.0
// Passes on what requests and background work report to everybody who observes it, in the order given. The one place
// where an observer is added: metrics and traces will be others.
#pragma once

#include <vector>

#include "base/request_outcome.h"
#include "pipeline/recorder.h"

namespace authd::telemetry {

class FanOut final : public RequestObserver, public pipeline::Recorder {
 public:
  // All must outlive it.
  FanOut(std::vector<RequestObserver*> of_requests, std::vector<pipeline::Recorder*> of_background_work);

  void on_outcome(const RequestOutcome& outcome) override;
  void on_fault(const RequestOutcome& outcome, std::string_view what) override;
  void gateway_called(const pipeline::GatewayReport& report) override;
  void breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) override;
  void tier_failed(const pipeline::TierReport& report) override;

 private:
  const std::vector<RequestObserver*> of_requests_;
  const std::vector<pipeline::Recorder*> of_background_work_;
};

} // namespace authd::telemetry
