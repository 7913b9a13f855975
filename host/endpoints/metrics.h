// SPDX-License-Identifier: Apache-2.0
// GET /metrics: spec/token-service.md. JSON, or by Accept what Prometheus scrapes.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "http/router.h"
#include "telemetry/metrics.h"

namespace authd::endpoints {

class MetricsEndpoint {
 public:
  // References must outlive the router's last dispatch. `tiers`: their names, fastest first.
  MetricsEndpoint(const config::Config& config, telemetry::Metrics& metrics, std::vector<std::string> tiers);

  void add_to(http::Router& router);

 private:
  void respond(http::Exchange& exchange) const;
  void respond_json(http::Exchange& exchange) const;

  const config::Config& config_;
  telemetry::Metrics& metrics_;
  const std::vector<std::string> tiers_;
};

} // namespace authd::endpoints
