// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_report.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "base/version.h"
#include "daemon/admin_actions.h"

namespace authd::daemon {
namespace {

using State = pipeline::CircuitBreaker::State;
using telemetry::Id;
using telemetry::Traffic;

// Of those points of a counter whose first labels are these.
std::int64_t total(const telemetry::Family& family, std::initializer_list<std::string_view> labels) {
  double sum = 0;
  for (const telemetry::Point& point : family.points) {
    if (std::equal(labels.begin(), labels.end(), point.labels.begin())) sum += point.value;
  }
  return static_cast<std::int64_t>(sum);
}

std::string_view state_of(const pipeline::TierCondition& condition) {
  if (!condition.answers) return "unhealthy";
  return condition.impaired ? "degraded" : "healthy";
}

// Readers have no use for more than three decimal places.
double rounded(double value) { return std::round(value * 1000) / 1000; }

void write_traffic(JsonWriter& json, const Traffic& traffic) {
  json.key("rate").begin_object().member("requests", rounded(traffic.requests_per_s));
  json.member("tokens", rounded(traffic.tokens_per_s)).member("errors", rounded(traffic.errors_per_s)).end_object();
  json.key("latency").begin_object().member("p50", rounded(traffic.p50_ms));
  json.member("p95", rounded(traffic.p95_ms)).member("p99", rounded(traffic.p99_ms)).end_object();
}

void write_reactors(JsonWriter& json, const http::Server& server, const Traffic& traffic) {
  json.key("reactors").begin_array();
  std::size_t number = 0;
  for (const http::ReactorActivity& reactor : server.activity()) {
    json.begin_object().member("connections", static_cast<std::int64_t>(reactor.connections));
    json.member("requests", static_cast<std::int64_t>(reactor.requests));
    json.member("loopDelay", rounded(traffic.loop_delay_ms.at(number++))).end_object();
  }
  json.end_array();
}

void write_tiers(JsonWriter& json, const std::vector<pipeline::TierState>& tiers, const telemetry::Snapshot& counted) {
  json.key("tiers").begin_array();
  for (const pipeline::TierState& tier : tiers) {
    const std::int64_t hits = total(counted[Id::cache_tier_operations], {tier.name, "get", "hit"});
    const std::int64_t misses = total(counted[Id::cache_tier_operations], {tier.name, "get", "miss"});
    const double rate = hits == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(hits + misses);
    json.begin_object().member("name", tier.name).member("state", state_of(tier.condition));
    json.member("hits", hits).member("misses", misses).member("hitRate", rate);
    json.member("entries", tier.entries()).member("bytes", tier.bytes()).end_object();
  }
  json.end_array();
}

struct Breaker {
  std::string name;
  State state;
};

std::vector<Breaker> breakers(const Generation& generation, const std::vector<pipeline::TierState>& tiers) {
  const pipeline::GatewayGuard& guard = generation.lookup().guard();
  std::vector<Breaker> all;
  for (const pipeline::GatewayUse use : {pipeline::GatewayUse::read, pipeline::GatewayUse::create})
    all.push_back({std::string(breaker_name(use)), guard.state(use)});
  for (const pipeline::TierState& tier : tiers) {
    if (tier.blocking) all.push_back({tier.name, tier.breaker});
  }
  return all;
}

// A breaker that a reload made anew is closed, whatever the last step of the one before was.
WallTime since(const std::vector<telemetry::BreakerStep>& steps, State state, WallTime generation_began) {
  const bool was_step = !steps.empty() && steps.back().to == state;
  return was_step ? steps.back().at : generation_began;
}

void write_breakers(JsonWriter& json, const std::vector<Breaker>& breakers, const telemetry::RecentEvents& events,
                    WallTime generation_began) {
  json.key("breakers").begin_array();
  for (const Breaker& breaker : breakers) {
    const auto steps = events.steps(breaker.name);
    json.begin_object().member("name", breaker.name).member("state", name_of(breaker.state));
    json.member("since", iso8601(since(steps, breaker.state, generation_began))).key("history").begin_array();
    for (const telemetry::BreakerStep& step : steps) {
      json.begin_object().member("at", iso8601(step.at)).member("from", name_of(step.from));
      json.member("to", name_of(step.to)).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
}

void write_lane(JsonWriter& json, const Generation& generation, const telemetry::Snapshot& counted) {
  json.key("lane").begin_object().member("workers", static_cast<std::int64_t>(generation.lane_workers()));
  json.member("depth", total(counted[Id::lane_queue_depth], {}));
  json.member("rejected", total(counted[Id::lane_rejected], {})).end_object();
}

// Kong's words may be anything.
std::string utf8(std::string text) {
  if (!is_utf8(text))
    std::replace_if(
        text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  return text;
}

void write_errors(JsonWriter& json, const std::vector<telemetry::RecentError>& errors) {
  json.key("errors").begin_array();
  for (const telemetry::RecentError& error : errors) {
    json.begin_object()
        .member("at", iso8601(error.at))
        .member("code", error.code)
        .member("message", utf8(error.message));
    json.member("count", static_cast<std::int64_t>(error.count)).end_object();
  }
  json.end_array();
}

} // namespace

StatusReport::StatusReport(const Reloader& reloader, Lifecycle& lifecycle, const http::Server& server)
    : reloader_(reloader), lifecycle_(lifecycle), server_(server),
      traffic_(lifecycle.telemetry().measurements().metrics(), server.reactors()) {}

std::string StatusReport::json() const {
  const std::shared_ptr<Generation> generation = reloader_.current();
  const telemetry::Snapshot counted = lifecycle_.telemetry().measurements().metrics().collect("status");
  const auto tiers = generation->lookup().tiers().states();
  const telemetry::RecentEvents& events = lifecycle_.recent_events();
  const Traffic traffic = traffic_.now();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("version", kVersion);
  json.member("environment", config::name_of(generation->config().environment));
  json.member("uptime", std::chrono::duration_cast<seconds>(steady_now() - started_).count());
  write_traffic(json, traffic);
  write_reactors(json, server_, traffic);
  write_tiers(json, tiers, counted);
  write_breakers(json, breakers(*generation, tiers), events, generation->began());
  write_lane(json, *generation, counted);
  json.key("plugins").begin_array();
  write_plugins(json, *generation);
  json.end_array();
  write_errors(json, events.errors());
  json.end_object();
  return body;
}

} // namespace authd::daemon
