// SPDX-License-Identifier: Apache-2.0
// Passes on what requests and background work report to everybody who observes it, in the order given. The one place
// where an observer is added.
#pragma once

#include <utility>
#include <vector>

#include "base/request_outcome.h"
#include "pipeline/recorder.h"

namespace authd::telemetry {

class FanOut final : public RequestObserver, public pipeline::Recorder {
 public:
  // All must outlive it.
  FanOut(std::vector<RequestObserver*> of_requests, std::vector<pipeline::Recorder*> of_background_work)
      : of_requests_(std::move(of_requests)), of_background_work_(std::move(of_background_work)) {}

  void on_outcome(const RequestOutcome& outcome) override {
    for (RequestObserver* observer : of_requests_) observer->on_outcome(outcome);
  }
  void on_fault(const RequestOutcome& outcome, std::string_view what) override {
    for (RequestObserver* observer : of_requests_) observer->on_fault(outcome, what);
  }
  void gateway_called(const pipeline::GatewayReport& report) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->gateway_called(report);
  }
  void breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->breaker_moved(breaker, transition);
  }
  void tier_failed(const pipeline::TierReport& report) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->tier_failed(report);
  }
  void tier_called(const pipeline::TierCall& call) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->tier_called(call);
  }
  void breaker_passed(std::string_view breaker, std::string_view operation, pipeline::CallResult result) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->breaker_passed(breaker, operation, result);
  }
  void breaker_refused(std::string_view breaker, std::string_view operation) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->breaker_refused(breaker, operation);
  }
  void fell_back(bool found) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->fell_back(found);
  }
  void lookup_event(pipeline::LookupEvent event) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->lookup_event(event);
  }
  void refreshed(const pipeline::RefreshReport& report) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->refreshed(report);
  }
  void probed(CallStatus status, std::chrono::nanoseconds duration) override {
    for (pipeline::Recorder* observer : of_background_work_) observer->probed(status, duration);
  }

 private:
  const std::vector<RequestObserver*> of_requests_;
  const std::vector<pipeline::Recorder*> of_background_work_;
};

} // namespace authd::telemetry
