// SPDX-License-Identifier: Apache-2.0
#include "endpoints/health.h"

#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/version.h"
#include "endpoints/operations/health.h"
#include "endpoints/telemetry.h"
#include "plugin/calls_under_way.h"

namespace authd::endpoints {
namespace {

using pipeline::GatewayUse;
using plugin::Health;
using State = plugin::Health::State;
using telemetry::otlp::ExporterStats;

constexpr std::string_view kJson = "application/json";

std::string_view status_of(State state) {
  switch (state) {
  case State::up:
    return "healthy";
  case State::degraded:
    return "degraded";
  case State::down:
    return "unhealthy";
  }
  return "unhealthy";
}

double elapsed_ms(SteadyTime since) { return std::chrono::duration<double, std::milli>(steady_now() - since).count(); }

std::string_view tier_type(std::string_view name) {
  constexpr std::string_view kPrefix = "cache-";
  return name.substr(0, kPrefix.size()) == kPrefix ? name.substr(kPrefix.size()) : name;
}

void write_gateway(JsonWriter& json, const Health& gateway, std::string_view mode,
                   const pipeline::GatewayGuard& guard) {
  json.key("kong").begin_object();
  json.member("status", status_of(gateway.state)).member("mode", mode);
  json.member("url", gateway.endpoint);
  json.member("responseTime", static_cast<std::int64_t>(gateway.response_time.count()));
  json.member("circuitBreaker", name_of(guard.state(GatewayUse::read)));
  json.key("circuitBreakers").begin_object();
  for (const GatewayUse use : {GatewayUse::read, GatewayUse::create})
    json.member(breaker_name(use), name_of(guard.state(use)));
  json.end_object();
  if (!gateway.detail.empty()) json.member("error", gateway.detail);
  json.end_object();
}

std::string_view status_of(const pipeline::TierCondition& condition) {
  if (!condition.answers) return "unhealthy";
  return condition.impaired ? "degraded" : "healthy";
}

void write_cache(JsonWriter& json, const pipeline::TierStack& stack, const pipeline::Issuance& issuance) {
  const auto tiers = stack.states();
  json.key("cache").begin_object().member("status", issuance.tiers_well ? "healthy" : "degraded");
  json.member("type", tiers.empty() ? "none" : tier_type(tiers.back().name));
  json.key("tiers").begin_array();
  for (const pipeline::TierState& tier : tiers) {
    json.begin_object().member("name", tier.name).member("status", status_of(tier.condition));
    json.member("entries", tier.entries()).member("bytes", tier.bytes());
    if (!tier.condition.is_well()) json.member("error", tier.condition.why);
    json.end_object();
  }
  json.end_array();
  json.key("staleCache").begin_object().member("available", issuance.from_copies).end_object();
  json.end_object();
}

// Tokens are issued without a collector, so that what fails there makes healthy degraded and nothing worse.
std::string_view status_of(const pipeline::Issuance& issuance, const ExporterStats& exporter) {
  const std::string_view status = issuance.status();
  return status == "healthy" ? telemetry_status(exporter) : status;
}

} // namespace

HealthEndpoints::HealthEndpoints(const config::Config& config, const plugin::Gateway& gateway,
                                 pipeline::GatewayHealth& gateway_health, const pipeline::SecretLookup& lookup,
                                 const std::atomic<bool>& draining, const telemetry::otlp::Exporter& exporter)
    : config_(config), gateway_(gateway), gateway_health_(gateway_health), lookup_(lookup), draining_(draining),
      exporter_(exporter) {}

void HealthEndpoints::add_to(http::Router& router) {
  router.add({operations::kHealth, [this](http::Exchange& e) {
                with_gateway_health(e, [this](http::Exchange& x, const Health& h) { health(x, h); });
              }});
  router.add({operations::kLive, [this](http::Exchange& e) { live(e); }});
  router.add({operations::kReady, [this](http::Exchange& e) {
                with_gateway_health(e, [this](http::Exchange& x, const Health& h) { ready(x, h); });
              }});
}

void HealthEndpoints::with_gateway_health(http::Exchange& exchange, Answer answer) {
  const http::Ticket ticket = exchange.defer(gateway_health_.patience(), [answer](http::Exchange& e) {
    answer(e, {State::down, "the gateway's probe timed out", {}, {}});
  });
  gateway_health_.ask([ticket, answer](const Health& health) {
    ticket.resume([answer, health](http::Exchange& e) { answer(e, health); });
  });
}

void HealthEndpoints::live(http::Exchange& exchange) const {
  std::string body;
  JsonWriter(body).begin_object().member("status", "ok").member("timestamp", iso8601(wall_now())).end_object();
  exchange.respond(200, kJson, body);
}

void HealthEndpoints::ready(http::Exchange& exchange, const Health& gateway) const {
  const pipeline::Issuance issuance = lookup_.issuance(gateway);
  const bool draining = draining_.load();
  const bool held = plugin::is_reactor_held(steady_now());
  const bool is_ready = !draining && !held && issuance.possible();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("ready", is_ready).member("timestamp", iso8601(wall_now()));
  json.key("checks").begin_object().member("lifecycle", draining ? "draining" : "running");
  if (!config_.endpoints.empty()) json.member("modules", held ? "unhealthy" : "healthy");
  json.member("gateway", !issuance.by_gateway ? "unhealthy" : gateway.state == State::up ? "healthy" : "degraded");
  json.member("cache", !issuance.from_copies ? "empty" : issuance.tiers_well ? "healthy" : "degraded").end_object();
  json.member("responseTime", elapsed_ms(exchange.request().received));
  json.member("requestId", exchange.request().request_id).end_object();
  exchange.respond(is_ready ? 200 : 503, kJson, body);
}

void HealthEndpoints::health(http::Exchange& exchange, const Health& gateway) const {
  const pipeline::Issuance issuance = lookup_.issuance(gateway);
  exchange.respond(issuance.possible() ? 200 : 503, kJson, health_body(exchange, gateway, issuance));
}

std::string HealthEndpoints::health_body(http::Exchange& exchange, const Health& gateway,
                                         const pipeline::Issuance& issuance) const {
  const ExporterStats exporter = exporter_.statistics();
  const auto uptime = std::chrono::duration_cast<seconds>(steady_now() - started_).count();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("status", status_of(issuance, exporter)).member("timestamp", iso8601(wall_now()));
  json.member("uptime", static_cast<std::int64_t>(uptime)).member("version", kVersion);
  json.member("environment", config::name_of(config_.environment))
      .member("highAvailability", config_.high_availability);
  json.key("dependencies").begin_object();
  write_gateway(json, gateway, gateway_.mode(), lookup_.guard());
  write_cache(json, lookup_.tiers(), issuance);
  json.key("telemetry").begin_object();
  write_telemetry(json, config_.telemetry, exporter);
  json.end_object();
  json.end_object();
  json.key("waivers").begin_array();
  for (const std::string& waiver : config_.security.waivers) json.value(waiver);
  json.end_array();
  json.member("requestId", exchange.request().request_id).end_object();
  return body;
}

} // namespace authd::endpoints
