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

namespace authd::http {

class HealthEndpoints {
 public:
  // References must outlive the router's last dispatch. While `draining` is set it is not ready.
  HealthEndpoints(const config::Config& config, const plugin::Gateway& gateway,
                  pipeline::GatewayHealth& gateway_health, const pipeline::SecretLookup& lookup,
                  const std::atomic<bool>& draining);

  void add_to(Router& router);

 private:
  using Answer = std::function<void(Exchange&, const plugin::Health&)>;
  void with_gateway_health(Exchange& exchange, Answer answer);
  void live(Exchange& exchange) const;
  void ready(Exchange& exchange, const plugin::Health& gateway) const;
  void health(Exchange& exchange, const plugin::Health& gateway) const;
  std::string health_body(Exchange& exchange, const plugin::Health& gateway, const pipeline::Issuance& issuance) const;

  const config::Config& config_;
  const plugin::Gateway& gateway_;
  pipeline::GatewayHealth& gateway_health_;
  const pipeline::SecretLookup& lookup_;
  const SteadyTime started_ = steady_now();
  const std::atomic<bool>& draining_;
};

} // namespace authd::http
