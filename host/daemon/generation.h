// SPDX-License-Identifier: Apache-2.0
// All that one configuration makes: plugins, pipeline, endpoints. A reload builds the next generation
// beside the one that serves, and retires the old one when its last request has been answered.
#pragma once

#include <atomic>
#include <future>
#include <memory>

#include "base/log.h"
#include "base/movable_clock.h"
#include "config/config.h"
#include "daemon/lifecycle.h"
#include "daemon/module_log.h"
#include "daemon/module_plan.h"
#include "daemon/plugin_set.h"
#include "endpoints/api.h"
#include "endpoints/health.h"
#include "endpoints/jwks.h"
#include "endpoints/metrics.h"
#include "endpoints/module_endpoint.h"
#include "endpoints/profiling.h"
#include "endpoints/telemetry.h"
#include "endpoints/tokens.h"
#include "http/server.h"
#include "modules/events.h"
#include "pipeline/invalidation_hub.h"
#include "pipeline/outside_changes.h"
#include "pipeline/rate_limiter.h"
#include "pipeline/token_pipeline.h"
#include "telemetry/fan_out.h"
#include "telemetry/logs.h"
#include "telemetry/metrics_recorder.h"
#include "telemetry/tracing.h"

namespace authd::daemon {

class Generation {
 public:
  // Everything but the configuration must outlive it. Throws Refused.
  Generation(config::Config config, const plugin::Loader& loader, const Generation* previous,
             const ServiceSources& sources, Lifecycle& lifecycle, Log& log);
  ~Generation(); // after retire, or if it was never published
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  // What the server answers with. Call once.
  std::shared_ptr<const http::Application> publish();
  // From now on its modules hear what is emitted, and no others. Once, when nothing can keep it from serving any more.
  void hear_events() noexcept;
  // Waits until the server has let go of what was published. [may-block]
  void retire();

  const config::Config& config() const { return config_; }
  const PluginSet& plugins() const { return plugins_; }
  pipeline::SecretLookup& lookup() { return lookup_; }
  const pipeline::SecretLookup& lookup() const { return lookup_; }
  WallTime began() const { return began_; }
  // The routes of modules whose audience is operators.
  const http::Router& operator_routes() const { return operator_router_; }
  // At most so many threads call the gateway, and as many read tiers that block.
  unsigned lane_workers() const;
  // What its tiers, breakers and lanes hold now. [thread-safe]
  void read_gauges(telemetry::Reading& reading) const;

 private:
  pipeline::ProbeBackground background();
  void require_shared_counting() const;
  void tell_service_manager();
  void build_modules(std::vector<PlannedModule> planned, const MovableClock& clock);

  const WallTime began_ = wall_now();
  const config::Config config_;
  const std::shared_ptr<const http::TlsContext> tls_; // null: plain HTTP
  std::vector<PlannedModule> planned_;                // until they are built
  const PluginSet plugins_;
  pipeline::InvalidationHub& hub_;
  modules::EventBus& events_;
  SystemdNotifier& service_manager_;
  std::atomic<bool> serves_{false}; // it is the one that requests are answered by
  telemetry::AccessLog access_log_;
  telemetry::AuditLog audit_log_;
  telemetry::BackgroundLog background_log_;
  telemetry::Tracing tracing_;
  telemetry::MetricsRecorder metrics_recorder_;
  telemetry::FanOut recorder_;
  const std::shared_ptr<pipeline::TierHistory> history_; // of every generation
  pipeline::TierStack tiers_;
  const std::shared_ptr<pipeline::GatewayGuard> guard_; // shared with the next one if the gateway is kept
  pipeline::GatewayHealth gateway_health_;
  pipeline::Lanes lanes_;
  pipeline::SecretLookup lookup_;
  pipeline::RateLimiter limiter_;
  pipeline::OutsideChanges outside_changes_;
  const pipeline::TokenPipeline pipeline_;
  endpoints::TokenEndpoints tokens_;
  endpoints::HealthEndpoints health_;
  endpoints::TelemetryEndpoints telemetry_;
  endpoints::ProfilingEndpoints profiling_;
  endpoints::MetricsEndpoint metrics_;
  endpoints::JwksEndpoint jwks_;
  ModuleLog module_log_;
  pipeline::BlockingLane module_lane_;
  std::vector<std::unique_ptr<endpoints::ModuleEndpoint>> modules_;
  http::Router router_;
  http::Router operator_router_;
  std::vector<modules::EventBus::Listener> listeners_; // between publish and hear_events
  endpoints::ApiEndpoint api_;
  std::promise<void> released_;
};

} // namespace authd::daemon
