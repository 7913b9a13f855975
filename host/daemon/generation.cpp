// SPDX-License-Identifier: Apache-2.0
#include "daemon/generation.h"

#include <algorithm>
#include <utility>

#include "base/cpus.h"
#include "endpoints/access_rules.h"

namespace authd::daemon {
namespace {

// What waits for a worker, per worker: at Kong's 5 ms a call this is a third of a second.
constexpr std::size_t kQueuedPerWorker = 64;

// Each worker's second failure in a row, when nothing succeeded between: with a gateway that begins to hang
// under load the window's thousands of successes would hide that for seconds, in which everybody waits.
unsigned row_threshold(const config::Config& config) { return 2 * std::max(config.gateway.pool_size, 5U); }

pipeline::CircuitBreaker::Settings breaker_settings(const config::Config& config) {
  const config::Breaker& b = config.breaker;
  return {b.error_threshold_percent, b.reset_timeout, b.window, b.buckets, b.volume_threshold, row_threshold(config)};
}

pipeline::LookupSettings lookup_settings(const config::Config& config) {
  const auto creates =
      config.gateway.auto_provision ? pipeline::parse_algorithm(config.gateway.algorithm) : std::nullopt;
  return {config.breaker.timeout, config.lookup.negative_ttl, creates, config.telemetry.trace_sample_ratio};
}

pipeline::FreshnessClock freshness_clock(const config::Config& config) {
  return {config.lookup.refresh_ahead, config.lookup.suspect_grace};
}

// What systemctl status shows is at most this old when no one asks for /health.
constexpr seconds kStatusAge{10};

std::string status_text(const pipeline::Issuance& issuance) {
  if (!issuance.possible()) return "Cannot issue tokens: " + issuance.why;
  return issuance.why.empty() ? "Issuing tokens" : "Issuing tokens, degraded: " + issuance.why;
}

std::shared_ptr<const http::TlsContext> tls_context(const config::ServerTls& tls) {
  return tls.identity != nullptr ? std::make_shared<const http::TlsContext>(*tls.identity) : nullptr;
}

http::ServerOptions server_options(const config::Config& config, std::shared_ptr<const http::TlsContext> tls) {
  http::ServerOptions options;
  options.host = config.server.host;
  options.port = config.server.port;
  options.reactors = config.server.reactors;
  options.max_connections = config.server.max_connections;
  options.max_connections_per_peer = config.server.max_connections_per_peer;
  options.header_limit = config.server.header_limit;
  options.url_limit = config.server.url_limit;
  options.body_limit = config.server.body_limit;
  options.idle_timeout = config.server.idle_timeout;
  options.header_timeout = config.server.header_timeout;
  options.tls = std::move(tls);
  options.cors = config.api.cors;
  options.cors_credentials = config.api.cors_credentials;
  options.is_trusted = [peers = endpoints::TrustedPeers(config.security.trusted_gateways)](const IpAddress& peer) {
    return peers.contains(peer);
  };
  if (!config.security.client_subjects.empty()) {
    options.is_known_client = [clients = endpoints::KnownClients(config.security.client_subjects)](
                                  const http::CertificateNames& names) { return clients.contains(names); };
  }
  options.local = {config.server.unix_socket.path, config.server.unix_socket.mode, config.server.unix_socket.group};
  options.local_users = config.server.unix_peers;
  options.trusted_are_gateways = config.security.names_gateways;
  options.trace_sample_ratio = config.telemetry.trace_sample_ratio;
  return options;
}

std::vector<std::string> names_of(const PluginSet& plugins) {
  std::vector<std::string> names;
  for (const pipeline::TierSlot& slot : plugins.tiers()) names.emplace_back(slot.tier.name());
  return names;
}

std::vector<std::string_view> paths_of(const http::Router& router) {
  std::vector<std::string_view> paths;
  for (const http::Route& route : router.routes()) paths.push_back(route.path);
  return paths;
}

// Half of them are what one module may hold.
unsigned module_workers() { return std::max(4U, 2 * usable_cpus()); }

// 0 closed, 1 open, 2 half-open, as the enumerators stand.
double number_of(pipeline::CircuitBreaker::State state) { return static_cast<double>(state); }

} // namespace

Generation::Generation(config::Config config, const plugin::Loader& loader, const Generation* previous,
                       const ServiceSources& sources, Lifecycle& lifecycle, Log& log)
    : config_(std::move(config)), tls_(tls_context(config_.server.tls)), planned_(plan_modules(config_)),
      plugins_(config_, loader, trust_policy(config_), previous ? &previous->plugins_ : nullptr, log, &sources.store),
      hub_(sources.hub), events_(sources.events), service_manager_(lifecycle.service_manager()),
      access_log_(config_.telemetry, log), audit_log_(config_.telemetry, log), background_log_(log),
      tracing_(config_, lifecycle.telemetry().span_sink(config_)),
      metrics_recorder_(lifecycle.telemetry().measurements().metrics(), lifecycle.telemetry().measurements().volumes(),
                        names_of(plugins_)),
      recorder_({&access_log_, &audit_log_, &metrics_recorder_, &tracing_, &lifecycle.recent_events()},
                {&background_log_, &metrics_recorder_, &tracing_, &lifecycle.recent_events()}),
      history_(previous ? previous->history_ : std::make_shared<pipeline::TierHistory>()),
      tiers_(plugins_.tiers(), freshness_clock(config_), pipeline::Sealer(config_.lookup.encryption_keys), recorder_,
             history_),
      guard_(previous && plugins_.kept_gateway() && previous->config_.breaker == config_.breaker &&
                     previous->config_.gateway.pool_size == config_.gateway.pool_size
                 ? previous->guard_
                 : std::make_shared<pipeline::GatewayGuard>(breaker_settings(config_), config_.breaker.timeout)),
      gateway_health_(plugins_.gateway(), *guard_, config_.breaker.timeout, recorder_, background()),
      lanes_(config_.gateway.pool_size, config_.gateway.pool_size * kQueuedPerWorker),
      lookup_(lookup_settings(config_), tiers_, plugins_.gateway(), *guard_, gateway_health_, lanes_, recorder_),
      limiter_(config_.rate_limit, tiers_, lanes_.reads, previous ? &previous->limiter_ : nullptr),
      outside_changes_(tiers_, lookup_), pipeline_(config_.jwt, lookup_),
      tokens_(pipeline_, limiter_, config_.rate_limit), health_(config_, plugins_.gateway(), gateway_health_, lookup_,
                                                                lifecycle.draining(), lifecycle.telemetry().exporter()),
      telemetry_(config_, lifecycle.telemetry().exporter(), lifecycle.telemetry().measurements().metrics()),
      profiling_(config_, lifecycle.profiling()),
      metrics_(config_, lifecycle.telemetry().measurements().metrics(), names_of(plugins_)), jwks_(sources.tokens),
      module_log_(log), module_lane_(module_workers(), module_workers() * kQueuedPerWorker),
      api_(endpoints::info_of_public_listener(config_.api), router_, wall_now()) {
  if (config_.has_gateway) tokens_.add_to(router_);
  health_.add_to(router_);
  telemetry_.add_to(router_);
  profiling_.add_to(router_);
  metrics_.add_to(router_);
  jwks_.add_to(router_);
  api_.add_to(router_);
  build_modules(std::exchange(planned_, {}), sources.clock);
  metrics_recorder_.know_routes(paths_of(router_));
  require_shared_counting();
  hub_.attach(outside_changes_);
}

Generation::~Generation() {
  hub_.detach(outside_changes_);
  outside_changes_.stop();
  // Its workers refer to everything above it.
  lanes_.stop();
  module_lane_.stop();
}

unsigned Generation::lane_workers() const {
  return 2 * config_.gateway.pool_size + (modules_.empty() ? 0 : module_workers());
}

void Generation::build_modules(std::vector<PlannedModule> planned, const MovableClock& clock) {
  std::function<bool(const IpAddress&)> is_gateway;
  if (config_.security.names_gateways)
    is_gateway = [peers = endpoints::TrustedPeers(config_.security.trusted_gateways)](const IpAddress& peer) {
      return peers.contains(peer);
    };
  const endpoints::ModuleEndpoint::Surroundings around{module_lane_, module_workers(), config_.server.request_timeout,
                                                       clock,        is_gateway,       module_log_};
  std::vector<plugin::Endpoint> modules = plugins_.modules();
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if (modules[i].declared() != *planned[i].declared)
      throw Refused(modules[i].name() + ": its file was replaced while it was loaded; try again\n");
    modules_.push_back(std::make_unique<endpoints::ModuleEndpoint>(
        std::move(modules[i]), std::move(planned[i].operations), config_.endpoints[i], around));
    modules_.back()->add_to(router_, operator_router_);
  }
}

// Whoever says so would get a limit for each instance instead.
void Generation::require_shared_counting() const {
  if (!limiter_.is_on() || !config_.rate_limit.shared.value_or(false) || tiers_.first_that_counts() != nullptr) return;
  throw Refused(
      "rate_limit.shared: no [[cache]] can count for all instances; add one with plugin = \"cache-redis\", or "
      "unset it, and each instance counts by itself");
}

// What the probe's thread does beside probing. It begins before the constructor has ended, so it may use only what
// stands above gateway_health_.
pipeline::ProbeBackground Generation::background() {
  const bool tells = service_manager_.is_listening();
  if (!tells && !tiers_.has_blocking()) return {};
  const auto each_second = [this, tells] {
    tiers_.poll(); // an idle instance has no other worker to tell a tier that is back what was deleted
    if (tells && serves_) tell_service_manager();
  };
  return {each_second, tells ? kStatusAge : milliseconds(0)};
}

void Generation::read_gauges(telemetry::Reading& reading) const {
  using telemetry::Id;
  for (const pipeline::GatewayUse use : {pipeline::GatewayUse::read, pipeline::GatewayUse::create})
    reading.set(Id::breaker_state, {breaker_name(use)}, number_of(guard_->state(use)));
  for (const pipeline::TierState& tier : tiers_.states()) {
    if (tier.blocking) reading.set(Id::breaker_state, {tier.name}, number_of(tier.breaker));
    if (tier.entries()) reading.set(Id::cache_entries, {tier.name}, static_cast<double>(*tier.entries()));
    if (tier.bytes()) reading.set(Id::cache_bytes, {tier.name}, static_cast<double>(*tier.bytes()));
    reading.set(Id::cache_evictions, {tier.name}, static_cast<double>(tier.stats.evictions));
  }
  reading.set(Id::rate_limit_evictions, {}, static_cast<double>(limiter_.evictions()));
  reading.set(Id::lane_queue_depth, {}, static_cast<double>(lanes_.reads.queued() + lanes_.gateway.queued()));
}

void Generation::tell_service_manager() {
  const auto gateway = gateway_health_.last();
  if (!gateway) return;
  service_manager_.status(status_text(judge_issuance(*gateway, *guard_, tiers_, steady_now(), recorder_)));
}

std::shared_ptr<const http::Application> Generation::publish() {
  serves_ = true;
  for (const auto& module : modules_)
    if (auto listener = module->listener()) listeners_.push_back(std::move(*listener));
  const auto release = [this](const http::Application* application) {
    delete application;
    released_.set_value();
  };
  return {new http::Application{server_options(config_, tls_), router_, &recorder_}, release};
}

void Generation::hear_events() noexcept { events_.replace_listeners(std::move(listeners_)); }

void Generation::retire() {
  serves_ = false;
  released_.get_future().wait();
}

} // namespace authd::daemon
