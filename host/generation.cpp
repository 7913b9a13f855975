// SPDX-License-Identifier: Apache-2.0
#include "generation.h"

#include <algorithm>
#include <utility>

#include "http/trusted_peers.h"

namespace authd {
namespace {

// What waits for a worker, per worker: at Kong's 5 ms a call this is a third of a second.
constexpr std::size_t kQueuedPerWorker = 64;

// Each worker's second failure in a row, when nothing succeeded between: with a gateway that begins to hang
// under load the window's thousands of successes would hide that for seconds, in which everybody waits.
unsigned row_threshold(const config::Config& config) { return 2 * std::max(config.gateway.pool_size, 5U); }

pipeline::CircuitBreaker::Settings breaker_settings(const config::Config& config) {
  const config::Breaker& b = config.breaker;
  return {b.error_threshold_percent, b.reset_timeout,      b.window, b.buckets,
          b.volume_threshold,        row_threshold(config)};
}

pipeline::LookupSettings lookup_settings(const config::Config& config) {
  return {config.breaker.timeout, config.lookup.negative_ttl, config.gateway.auto_provision};
}

pipeline::FreshnessClock freshness_clock(const config::Config& config) {
  return {config.lookup.refresh_ahead, config.lookup.suspect_grace};
}

// Deletions too, because an instance that nobody asks has no other worker to tell a tier that is back.
std::function<void()> each_second_for(pipeline::TierStack& tiers) {
  if (!tiers.has_blocking()) return {};
  return [&tiers] {
    tiers.poll_stats();
    tiers.flush_single();
  };
}

std::shared_ptr<const http::TlsContext> tls_context(const config::ServerTls& tls) {
  return tls.identity != nullptr ? std::make_shared<const http::TlsContext>(*tls.identity) : nullptr;
}

http::ServerOptions server_options(const config::Config& config,
                                   std::shared_ptr<const http::TlsContext> tls) {
  http::ServerOptions options;
  options.host = config.server.host;
  options.port = config.server.port;
  options.reactors = config.server.reactors;
  options.max_connections = config.server.max_connections;
  options.header_limit = config.server.header_limit;
  options.url_limit = config.server.url_limit;
  options.body_limit = config.server.body_limit;
  options.idle_timeout = config.server.idle_timeout;
  options.header_timeout = config.server.header_timeout;
  options.tls = std::move(tls);
  options.cors = config.api.cors;
  options.cors_credentials = config.api.cors_credentials;
  options.is_trusted = [peers = http::TrustedPeers(config.security.trusted_gateways)](
                           const Poco::Net::IPAddress& peer) { return peers.contains(peer); };
  return options;
}

} // namespace

plugin::TrustPolicy trust_policy(const config::Config& config) {
  return {config.environment == config::Environment::production, config.plugins.require_pins};
}

Generation::Generation(config::Config config, const plugin::Loader& loader, const Generation* previous,
                       pipeline::InvalidationHub& hub, const Lifecycle& lifecycle, Log& log)
    : config_(std::move(config)), tls_(tls_context(config_.server.tls)),
      plugins_(config_, loader, trust_policy(config_), previous ? &previous->plugins_ : nullptr), hub_(hub),
      recorder_(config_.telemetry, log),
      history_(previous ? previous->history_ : std::make_shared<pipeline::TierHistory>()),
      tiers_(plugins_.tiers(config_), freshness_clock(config_), pipeline::Sealer(config_.lookup.encryption_keys),
             recorder_, history_),
      guard_(previous && plugins_.kept_gateway() && previous->config_.breaker == config_.breaker &&
                     previous->config_.gateway.pool_size == config_.gateway.pool_size
                 ? previous->guard_
                 : std::make_shared<pipeline::GatewayGuard>(breaker_settings(config_), config_.breaker.timeout)),
      gateway_health_(plugins_.gateway(), *guard_, config_.breaker.timeout, recorder_, each_second_for(tiers_)),
      lanes_(config_.gateway.pool_size, config_.gateway.pool_size * kQueuedPerWorker),
      lookup_(lookup_settings(config_), tiers_, plugins_.gateway(), *guard_, gateway_health_, lanes_, recorder_),
      reports_(tiers_, lookup_), pipeline_(config_.jwt, lookup_),
      tokens_(pipeline_, log, config_.telemetry.access_log == config::AccessLog::all),
      health_(config_, plugins_.gateway(), gateway_health_, lookup_, lifecycle.draining()) {
  tokens_.add_to(router_);
  health_.add_to(router_);
  hub_.attach(reports_);
}

Generation::~Generation() {
  hub_.detach(reports_);
  reports_.stop();
  // Its workers refer to everything above it.
  lanes_.stop();
}

std::shared_ptr<const http::Application> Generation::publish() {
  const auto release = [this](const http::Application* application) {
    delete application;
    released_.set_value();
  };
  return {new http::Application{server_options(config_, tls_), router_, &recorder_}, release};
}

void Generation::retire() { released_.get_future().wait(); }

} // namespace authd
