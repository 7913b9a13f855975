// SPDX-License-Identifier: Apache-2.0
// What telemetry is exported and how that goes: GET /health/telemetry and /health/metrics; and, outside production and
// for trusted peers alone, /debug/metrics/*: spec/token-service.md, "Health" and "Debug".
#pragma once

#include <string_view>

#include "base/json_writer.h"
#include "config/config.h"
#include "http/router.h"
#include "telemetry/metrics.h"
#include "telemetry/otlp/exporter.h"

namespace authd::endpoints {

class TelemetryEndpoints {
 public:
  // References must outlive the router's last dispatch.
  TelemetryEndpoints(const config::Config& config, telemetry::otlp::Exporter& exporter, telemetry::Metrics& metrics);

  void add_to(http::Router& router);

 private:
  void telemetry_health(http::Exchange& exchange) const;
  void metrics_health(http::Exchange& exchange) const;
  void record_test_values(http::Exchange& exchange) const;
  void export_now(http::Exchange& exchange) const;
  void export_stats(http::Exchange& exchange) const;

  const config::Config& config_;
  telemetry::otlp::Exporter& exporter_;
  telemetry::Metrics& metrics_;
};

// "degraded" while exports of a signal fail, else "healthy".
std::string_view telemetry_status(const telemetry::otlp::ExporterStats& stats);
// Members of an open object: status, mode, endpoints.
void write_telemetry(JsonWriter& json, const config::Telemetry& telemetry, const telemetry::otlp::ExporterStats& stats);

} // namespace authd::endpoints
