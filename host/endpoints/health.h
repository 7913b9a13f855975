// SPDX-License-Identifier: Apache-2.0
// GET /health, /health/live and /health/ready: spec/token-service.md, "Health".
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "config/config.h"
#include "http/router.h"
#include "pipeline/gateway_health.h"
#include "pipeline/secret_lookup.h"
#include "telemetry/otlp/exporter.h"

namespace authd::endpoints {

class HealthEndpoints {
 public:
  // References must outlive the router's last dispatch. While `draining` is set it is not ready.
  HealthEndpoints(const config::Config& config, const plugin::Gateway& gateway, pipeline::GatewayHealth& gateway_health,
                  const pipeline::SecretLookup& lookup, const std::atomic<bool>& draining,
                  const telemetry::otlp::Exporter& exporter);

  void add_to(http::Router& router);

 private:
  using Answer = std::function<void(http::Exchange&, const plugin::Health&)>;
  void with_gateway_health(http::Exchange& exchange, Answer answer);
  void live(http::Exchange& exchange) const;
  void ready(http::Exchange& exchange, const plugin::Health& gateway) const;
  void health(http::Exchange& exchange, const plugin::Health& gateway) const;
  std::string health_body(http::Exchange& exchange, const plugin::Health& gateway,
                          const pipeline::Issuance& issuance) const;

  const config::Config& config_;
  const plugin::Gateway& gateway_;
  pipeline::GatewayHealth& gateway_health_;
  const pipeline::SecretLookup& lookup_;
  const SteadyTime started_ = steady_now();
  const std::atomic<bool>& draining_;
  const telemetry::otlp::Exporter& exporter_;
};

} // namespace authd::endpoints
