// SPDX-License-Identifier: Apache-2.0
// What is written to the log about requests and about background work. The Log must outlive these writers.
#pragma once

#include "base/log.h"
#include "base/request_outcome.h"
#include "config/config.h"
#include "pipeline/recorder.h"
#include "telemetry/shown.h"

namespace authd::telemetry {

// A line for each request, if telemetry.access_log selects it: `request`, or `request-refused` for one that was refused
// before routing. A request in which an endpoint failed always has its line.
class AccessLog final : public RequestObserver {
 public:
  AccessLog(const config::Telemetry& telemetry, Log& log);

  void on_outcome(const RequestOutcome& outcome) override;
  void on_fault(const RequestOutcome& outcome, std::string_view what) override;

 private:
  bool selects(const RequestOutcome& outcome) const;

  const config::AccessLog which_;
  const Shown shown_;
  Log& log_;
};

// The audit trail (telemetry.audit): one line for each token, `token-issued`, which no log level and no storm keeps
// out. Never the token, the secret or an API key. One lock and no allocation for each.
class AuditLog final : public RequestObserver {
 public:
  AuditLog(const config::Telemetry& telemetry, Log& log);

  void on_outcome(const RequestOutcome& outcome) override;
  void on_fault(const RequestOutcome&, std::string_view) override {}

 private:
  const bool on_;
  const Shown shown_;
  Log& log_;
};

// Lines about the work that no single request owns. Those of one kind are summed: see Log::write_repeated.
class BackgroundLog final : public pipeline::Recorder {
 public:
  explicit BackgroundLog(Log& log) : log_(log) {}

  void gateway_called(const pipeline::GatewayReport& report) override;
  void breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) override;
  void tier_failed(const pipeline::TierReport& report) override;

 private:
  Log& log_;
};

} // namespace authd::telemetry
