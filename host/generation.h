// SPDX-License-Identifier: Apache-2.0
// All that one configuration makes: plugins, pipeline, endpoints. A reload builds the next generation
// beside the one that serves, and retires the old one when its last request has been answered.
#pragma once

#include <future>
#include <memory>

#include "base/log.h"
#include "config/config.h"
#include "http/health.h"
#include "http/log_recorder.h"
#include "http/server.h"
#include "http/tokens.h"
#include "lifecycle.h"
#include "pipeline/invalidation_hub.h"
#include "pipeline/token_pipeline.h"
#include "plugin_set.h"

namespace authd {

class Generation {
 public:
  // Everything but the configuration must outlive it. Throws Refused.
  Generation(config::Config config, const plugin::Loader& loader, const Generation* previous,
             pipeline::InvalidationHub& hub, const Lifecycle& lifecycle, Log& log);
  ~Generation(); // after retire, or if it was never published
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  // What the server answers with. Call once.
  std::shared_ptr<const http::Application> publish();
  // Waits until the server has let go of what was published. [may-block]
  void retire();

  const config::Config& config() const { return config_; }
  const PluginSet& plugins() const { return plugins_; }
  pipeline::SecretLookup& lookup() { return lookup_; }
  const pipeline::SecretLookup& lookup() const { return lookup_; }

 private:
  const config::Config config_;
  const std::shared_ptr<const http::TlsContext> tls_; // null: plain HTTP
  const PluginSet plugins_;
  pipeline::InvalidationHub& hub_;
  http::LogRecorder recorder_;
  const std::shared_ptr<pipeline::CircuitBreaker> breaker_; // shared with the next one if the gateway is kept
  pipeline::BlockingLane lane_;
  const std::shared_ptr<pipeline::TierEpochs> epochs_; // of every generation
  pipeline::TierStack tiers_;
  pipeline::SecretLookup lookup_;
  const pipeline::TokenPipeline pipeline_;
  pipeline::GatewayHealth gateway_health_;
  http::TokenEndpoints tokens_;
  http::HealthEndpoints health_;
  http::Router router_;
  std::promise<void> released_;
};

plugin::TrustPolicy trust_policy(const config::Config& config);

} // namespace authd
