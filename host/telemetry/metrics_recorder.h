// SPDX-License-Identifier: Apache-2.0
// Counts what one configuration's requests and stages report. Every label value is resolved to a number when it is
// made, but for the few combinations that are only met later: those take a lock once.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/request_outcome.h"
#include "pipeline/recorder.h"
#include "telemetry/metrics.h"
#include "telemetry/volume_sketch.h"

namespace authd::telemetry {

class MetricsRecorder final : public RequestObserver, public pipeline::Recorder {
 public:
  // References must outlive it. `tiers`: their names.
  MetricsRecorder(Metrics& metrics, VolumeSketch& volumes, const std::vector<std::string>& tiers);
  ~MetricsRecorder() override;

  // The paths of the route table, which must outlive it: before the first request.
  void know_routes(const std::vector<std::string_view>& paths);

  void on_outcome(const RequestOutcome& outcome) override;
  void on_fault(const RequestOutcome&, std::string_view) override {}

  void gateway_called(const pipeline::GatewayReport& report) override;
  void probed(CallStatus status, std::chrono::nanoseconds duration) override;
  void breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) override;
  void tier_failed(const pipeline::TierReport&) override {}
  void tier_called(const pipeline::TierCall& call) override;
  void breaker_passed(std::string_view breaker, std::string_view operation, pipeline::CallResult result) override;
  void breaker_refused(std::string_view breaker, std::string_view operation) override;
  void fell_back(bool found) override;
  void lookup_event(pipeline::LookupEvent event) override;

 private:
  static constexpr std::size_t kCodes = 16; // AUTH_001 to AUTH_015

  // A counter that is interned when it is first needed.
  class Lazy;
  struct Route;
  struct Tier;

  Route& route_of(std::string_view path);
  void count_request(const RequestOutcome& outcome);
  void count_token(const RequestOutcome& outcome);
  void count_gateway(std::string_view operation, CallStatus status, std::chrono::nanoseconds duration);

  Metrics& metrics_;
  VolumeSketch& volumes_;
  std::vector<std::unique_ptr<Route>> routes_; // the first one: of requests that have none
  std::vector<std::unique_ptr<Tier>> tiers_;
  std::array<Metrics::Counter, kCodes> failures_; // by number of the AUTH code
  std::array<Metrics::Counter, 3> algorithms_;    // HS256, HS384, HS512
  std::array<Metrics::Counter, 3> volume_classes_;
  std::array<Metrics::Counter, 3> lookup_events_; // the last one: lane_rejected
  Metrics::Histogram signing_;
};

} // namespace authd::telemetry
