// SPDX-License-Identifier: Apache-2.0
// Spans of requests and of refreshes, built at their end from what they report, and only of those that are kept.
#pragma once

#include <cstdint>
#include <string>

#include "base/request_outcome.h"
#include "config/config.h"
#include "pipeline/recorder.h"
#include "telemetry/shown.h"
#include "telemetry/signals.h"

namespace authd::telemetry {

// Longer is slow.
inline constexpr milliseconds kSlowRequest{100};

// Whether a request failed, as far as traces are concerned: it was answered with 5xx, or its consumer was refused
// (AUTH_002, AUTH_013). What only the client did wrong is no failure: a scanner's 404s, or a client that repeats an
// invalid request, would crowd out the traces of what failed here.
bool failed(const RequestOutcome& outcome);
// Whether its spans are kept: it is sampled, or it failed, was answered with a stale copy, or was slow.
bool is_kept(const RequestOutcome& outcome);

class Tracing final : public RequestObserver, public pipeline::Recorder {
 public:
  // `sink`: must outlive it; null: nothing is built.
  Tracing(const config::Config& config, SpanSink* sink);

  void on_outcome(const RequestOutcome& outcome) override;
  void on_fault(const RequestOutcome&, std::string_view) override {}

  void refreshed(const pipeline::RefreshReport& report) override;
  void gateway_called(const pipeline::GatewayReport&) override {}
  void breaker_moved(std::string_view, pipeline::CircuitBreaker::Transition) override {}
  void tier_failed(const pipeline::TierReport&) override {}

 private:
  Span span_of(const RequestOutcome& outcome, WallTime start, WallTime end) const;

  SpanSink* const sink_;
  const Shown shown_;
  const bool hides_names_;
  const std::string scheme_; // "http", "https"
  const std::string host_;
  const std::uint16_t port_;
};

} // namespace authd::telemetry
