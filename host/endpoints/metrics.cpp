// SPDX-License-Identifier: Apache-2.0
#include "endpoints/metrics.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "endpoints/operations/metrics.h"
#include "http/negotiation.h"
#include "http/problem.h"
#include "telemetry/exposition.h"
#include "telemetry/metrics_json.h"
#include "telemetry/system_readings.h"

namespace authd::endpoints {
namespace {

using telemetry::TextFormat;

// JSON for a client that accepts none of the three, too.
std::optional<TextFormat> text_format(const http::Request& request) {
  static constexpr std::array<std::string_view, 3> kOffered{"application/json", "application/openmetrics-text",
                                                            "text/plain"};
  switch (http::choose_media_type(request, kOffered).value_or(0)) {
  case 1:
    return TextFormat::open_metrics;
  case 2:
    return TextFormat::prometheus;
  default:
    return std::nullopt;
  }
}

// The value of ?view=; empty: none.
std::string_view view_of(std::string_view query) {
  constexpr std::string_view kName = "view=";
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.substr(0, kName.size()) == kName) return pair.substr(kName.size());
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return {};
}

} // namespace

MetricsEndpoint::MetricsEndpoint(const config::Config& config, telemetry::Metrics& metrics,
                                 std::vector<std::string> tiers)
    : config_(config), metrics_(metrics), tiers_(std::move(tiers)) {}

void MetricsEndpoint::add_to(http::Router& router) {
  router.add({operations::kMetrics, [this](http::Exchange& e) { respond(e); }});
}

void MetricsEndpoint::respond(http::Exchange& exchange) const {
  const auto format = text_format(exchange.request());
  if (!format) return respond_json(exchange);
  const std::string_view view = *format == TextFormat::prometheus ? "prometheus" : "openmetrics";
  exchange.respond(200, telemetry::content_type(*format), telemetry::exposition(metrics_.collect(view), *format),
                   {{"Vary", "Accept"}, {"Cache-Control", "no-store"}});
}

void MetricsEndpoint::respond_json(http::Exchange& exchange) const {
  const std::string_view name = view_of(exchange.request().query);
  const auto view = telemetry::view_named(name);
  if (!view) {
    return http::respond_http_problem(
        exchange, 400, fmt::format("Unknown view; expected one of: {}", fmt::join(telemetry::view_names(), ", ")));
  }
  telemetry::MetricsFacts facts;
  facts.mode = config::name_of(config_.telemetry.mode);
  facts.export_interval = config_.telemetry.otlp.export_interval;
  facts.trace_sample_ratio = config_.telemetry.trace_sample_ratio;
  facts.tiers = tiers_;
  if (!config_.cache.empty()) facts.cache_ttl = config_.cache.front().ttl;
  facts.memory = telemetry::process_memory();
  const auto snapshot = metrics_.collect(name.empty() ? "json" : name);
  exchange.respond(200, "application/json", telemetry::metrics_json(snapshot, facts, *view),
                   {{"Vary", "Accept"}, {"Cache-Control", "no-store"}});
}

} // namespace authd::endpoints
