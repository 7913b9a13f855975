// SPDX-License-Identifier: Apache-2.0
#include "telemetry/fan_out.h"

#include <utility>

namespace authd::telemetry {

FanOut::FanOut(std::vector<RequestObserver*> of_requests, std::vector<pipeline::Recorder*> of_background_work)
    : of_requests_(std::move(of_requests)), of_background_work_(std::move(of_background_work)) {}

void FanOut::on_outcome(const RequestOutcome& outcome) {
  for (RequestObserver* observer : of_requests_) observer->on_outcome(outcome);
}

void FanOut::on_fault(const RequestOutcome& outcome, std::string_view what) {
  for (RequestObserver* observer : of_requests_) observer->on_fault(outcome, what);
}

void FanOut::gateway_called(const pipeline::GatewayReport& report) {
  for (pipeline::Recorder* observer : of_background_work_) observer->gateway_called(report);
}

void FanOut::breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) {
  for (pipeline::Recorder* observer : of_background_work_) observer->breaker_moved(breaker, transition);
}

void FanOut::tier_failed(const pipeline::TierReport& report) {
  for (pipeline::Recorder* observer : of_background_work_) observer->tier_failed(report);
}

} // namespace authd::telemetry
