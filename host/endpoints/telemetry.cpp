// SPDX-License-Identifier: Apache-2.0
#include "endpoints/telemetry.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <fmt/format.h>

#include "endpoints/access_rules.h"
#include "endpoints/operations/telemetry.h"
#include "http/problem.h"

namespace authd::endpoints {
namespace {

using operations::kMostTestValues;
using operations::kPresetTestValues;
using telemetry::Family;
using telemetry::Id;
using telemetry::Point;
using telemetry::Snapshot;
using telemetry::otlp::ExporterStats;
using telemetry::otlp::ExportResult;
using telemetry::otlp::Flush;
using telemetry::otlp::kSignals;
using telemetry::otlp::Signal;
using telemetry::otlp::SignalState;
using telemetry::otlp::SignalStats;

constexpr std::string_view kJson = "application/json";

std::int64_t number(std::uint64_t count) { return static_cast<std::int64_t>(count); }

void write_time(JsonWriter& json, std::string_view name, const std::optional<WallTime>& at) {
  json.key(name);
  at ? json.value(iso8601(*at)) : json.null();
}

void write_states(JsonWriter& json, const ExporterStats& stats) {
  for (const Signal signal : kSignals) json.member(name_of(signal), name_of(stats[signal].state));
}

void write_signal(JsonWriter& json, const SignalStats& stats) {
  json.begin_object().member("state", name_of(stats.state));
  write_time(json, "lastSuccess", stats.last_success);
  json.member("waiting", number(stats.waiting)).member("exported", number(stats.exported));
  json.key("dropped").begin_object();
  for (const auto reason : {telemetry::otlp::DropReason::queue_full, telemetry::otlp::DropReason::rejected,
                            telemetry::otlp::DropReason::failed, telemetry::otlp::DropReason::shutdown})
    json.member(name_of(reason), number(stats.of(reason)));
  json.end_object();
  if (!stats.last_error.empty()) json.member("error", stats.last_error);
  json.end_object();
}

void write_configuration(JsonWriter& json, const config::Telemetry& telemetry) {
  json.begin_object().member("serviceName", telemetry.service_name).member("serviceVersion", telemetry.service_version);
  json.member("exportInterval", number(telemetry.otlp.export_interval.count()));
  json.member("timeout", number(telemetry.otlp.timeout.count()));
  json.member("batchSize", number(telemetry.otlp.batch_size)).member("queueSize", number(telemetry.otlp.queue_size));
  json.end_object();
}

template <class Wanted>
std::int64_t sum(const Snapshot& snapshot, Id id, Wanted wanted) {
  double total = 0;
  for (const Family& family : snapshot.families) {
    if (family.instrument->id != id) continue;
    for (const Point& point : family.points) total += wanted(point) ? point.value : 0;
  }
  return static_cast<std::int64_t>(total);
}

std::int64_t sum(const Snapshot& snapshot, Id id) {
  return sum(snapshot, id, [](const Point&) { return true; });
}

// labels: tier, operation, result.
std::int64_t lookups(const Snapshot& snapshot, std::string_view result) {
  return sum(snapshot, Id::cache_tier_operations, [result](const Point& point) {
    return point.labels.size() == 3 && point.labels[1] == "get" && point.labels[2] == result;
  });
}

std::string_view breaker_state(double value) { return value == 1 ? "open" : value == 2 ? "half-open" : "closed"; }

void write_breakers(JsonWriter& json, const Snapshot& snapshot) {
  json.key("circuitBreakers").begin_object();
  for (const Family& family : snapshot.families) {
    if (family.instrument->id != Id::breaker_state) continue;
    for (const Point& point : family.points) json.member(point.labels.at(0), breaker_state(point.value));
  }
  json.end_object();
}

void write_counters(JsonWriter& json, const Snapshot& snapshot) {
  json.key("counters").begin_object();
  json.member("http_requests_total", sum(snapshot, Id::http_requests));
  json.member("jwt_tokens_generated", sum(snapshot, Id::jwt_tokens_generated));
  json.member("kong_operations", sum(snapshot, Id::kong_operations));
  json.member("cache_hits", lookups(snapshot, "hit")).member("cache_misses", lookups(snapshot, "miss"));
  json.end_object();
}

// nullopt: not JSON, or not a number of values that is recorded.
std::optional<unsigned> test_values_in(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return kPresetTestValues;
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(4);
    const auto object = parser.parse(std::string(body)).extract<Poco::JSON::Object::Ptr>();
    if (!object->has("count")) return kPresetTestValues;
    const auto count = object->get("count");
    if (!count.isInteger() || count.isBoolean()) return std::nullopt;
    const auto value = count.convert<std::int64_t>();
    if (value >= 1 && value <= kMostTestValues) return static_cast<unsigned>(value);
  } catch (const Poco::Exception&) {
  }
  return std::nullopt;
}

void record(telemetry::Metrics& metrics, unsigned count) {
  metrics.add(metrics.counter(Id::test_counter, {}), count);
  const auto histogram = metrics.histogram(Id::test_histogram, {});
  for (unsigned i = 1; i <= count; ++i) metrics.observe(histogram, milliseconds(i));
}

const Point* only_point(const Snapshot& snapshot, Id id) {
  for (const Family& family : snapshot.families) {
    if (family.instrument->id == id) return family.points.empty() ? nullptr : &family.points.front();
  }
  return nullptr;
}

std::string export_message(const Flush::Report& report) {
  if (!report.errors.empty()) return "The export failed, in part or as a whole";
  return fmt::format("{} metrics, {} spans and {} log records were exported", report.metrics, report.items[0],
                     report.items[2]);
}

std::string export_body(const Flush::Report& report) {
  const std::string now = iso8601(wall_now());
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("success", report.errors.empty()).member("message", export_message(report));
  json.member("exportedMetrics", number(report.metrics));
  json.key("exported").begin_object().member("metrics", number(report.metrics)).member("timestamp", now).end_object();
  json.member("duration", number(static_cast<std::uint64_t>(report.duration.count())));
  json.key("errors").begin_array();
  for (const std::string& error : report.errors) json.value(error);
  json.end_array().member("timestamp", now).end_object();
  return body;
}

// The one that succeeded last; nullptr: none did.
const SignalStats* last_export(const ExporterStats& stats) {
  const auto last = std::max_element(stats.signals.begin(), stats.signals.end(),
                                     [](const auto& a, const auto& b) { return a.last_success < b.last_success; });
  return last->last_success ? &*last : nullptr;
}

void write_last_export(JsonWriter& json, const ExporterStats& stats) {
  json.key("lastExport").begin_object();
  const SignalStats* last = last_export(stats);
  if (last != nullptr) {
    const auto signal = static_cast<Signal>(last - stats.signals.data());
    json.member("timestamp", iso8601(*last->last_success)).member("signal", name_of(signal));
    json.member("items", number(last->last_items)).member("duration", number(last->last_duration.count()));
  } else {
    json.key("timestamp").null();
  }
  json.end_object();
}

void write_errors(JsonWriter& json, const ExporterStats& stats) {
  json.key("errors").begin_array();
  for (const Signal signal : kSignals) {
    if (stats[signal].last_error.empty()) continue;
    json.begin_object().member("signal", name_of(signal)).member("message", stats[signal].last_error);
    write_time(json, "timestamp", stats[signal].last_failure);
    json.end_object();
  }
  json.end_array();
}

bool exports_something(const config::Telemetry& telemetry) { return telemetry.mode != config::TelemetryMode::console; }

} // namespace

std::string_view telemetry_status(const ExporterStats& stats) {
  const bool failing = std::any_of(stats.signals.begin(), stats.signals.end(),
                                   [](const SignalStats& signal) { return signal.state == SignalState::failing; });
  return failing ? "degraded" : "healthy";
}

void write_telemetry(JsonWriter& json, const config::Telemetry& telemetry, const ExporterStats& stats) {
  json.member("status", telemetry_status(stats)).member("mode", config::name_of(telemetry.mode));
  json.key("endpoints").begin_object();
  for (const Signal signal : kSignals) {
    const std::string url = exports_something(telemetry) ? displayed_url(signal, telemetry.otlp) : std::string();
    json.key(name_of(signal));
    url.empty() ? json.null() : json.value(url);
  }
  json.end_object();
}

TelemetryEndpoints::TelemetryEndpoints(const config::Config& config, telemetry::otlp::Exporter& exporter,
                                       telemetry::Metrics& metrics)
    : config_(config), exporter_(exporter), metrics_(metrics) {}

void TelemetryEndpoints::add_to(http::Router& router) {
  router.add({operations::kTelemetryHealth, [this](http::Exchange& e) { telemetry_health(e); }});
  router.add({operations::kMetricsHealth, [this](http::Exchange& e) { metrics_health(e); }});
  if (config_.environment == config::Environment::production) return;
  router.add({operations::kRecordTestValues, for_trusted([this](http::Exchange& e) { record_test_values(e); })});
  router.add({operations::kExportNow, for_trusted([this](http::Exchange& e) { export_now(e); })});
  router.add({operations::kExportStats, for_trusted([this](http::Exchange& e) { export_stats(e); })});
}

void TelemetryEndpoints::telemetry_health(http::Exchange& exchange) const {
  const ExporterStats stats = exporter_.statistics();
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  write_telemetry(json, config_.telemetry, stats);
  json.key("exporters").begin_object();
  write_states(json, stats);
  json.end_object();
  json.key("telemetry").begin_object().member("mode", config::name_of(config_.telemetry.mode));
  json.key("status").begin_object();
  for (const Signal signal : kSignals) write_signal(json.key(name_of(signal)), stats[signal]);
  json.end_object().key("configuration");
  write_configuration(json, config_.telemetry);
  json.end_object().member("timestamp", iso8601(wall_now())).end_object();
  exchange.respond(200, kJson, body);
}

void TelemetryEndpoints::metrics_health(http::Exchange& exchange) const {
  const SignalStats exports = exporter_.statistics()[Signal::metrics];
  const Snapshot snapshot = metrics_.collect("health");
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("status", exports.state == SignalState::failing ? "degraded" : "healthy");
  json.member("metricsEnabled", true);
  json.member("exportInterval", number(config_.telemetry.otlp.export_interval.count()));
  write_time(json, "lastExport", exports.last_success);
  write_counters(json, snapshot);
  write_breakers(json, snapshot);
  json.end_object();
  exchange.respond(200, kJson, body);
}

void TelemetryEndpoints::record_test_values(http::Exchange& exchange) const {
  const auto count = test_values_in(exchange.request().body);
  if (!count) {
    return http::respond_problem(
        exchange,
        {Code::malformed_request,
         fmt::format("The body must be empty or JSON such as {{\"count\":10,\"type\":\"test\"}}, with a count "
                     "of 1 to {}",
                     kMostTestValues),
         {}});
  }
  record(metrics_, *count);
  const Snapshot snapshot = metrics_.collect("test");
  const Point* counter = only_point(snapshot, Id::test_counter);
  const Point* histogram = only_point(snapshot, Id::test_histogram);
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("success", true);
  json.member("message", fmt::format("Test metrics recorded: {}", *count)).member("metricsRecorded", number(*count));
  json.key("metrics").begin_object().key("counters").begin_array().value("test_counter").end_array();
  json.key("histograms").begin_array().value("test_histogram").end_array();
  json.key("values").begin_object();
  json.member("test_counter", counter != nullptr ? static_cast<std::int64_t>(counter->value) : 0);
  json.key("test_histogram").begin_object();
  json.member("count", histogram != nullptr ? number(histogram->count()) : 0);
  json.member("sum", histogram != nullptr ? histogram->sum : 0.0).end_object();
  json.end_object().end_object().member("timestamp", iso8601(wall_now())).end_object();
  exchange.respond(200, kJson, body);
}

void TelemetryEndpoints::export_now(http::Exchange& exchange) const {
  if (!exports_something(config_.telemetry)) {
    return exchange.respond(200, kJson, export_body({{}, 0, {"telemetry.mode is console: nothing is exported"}, {}}));
  }
  // A flush may take several exports; each is bounded by telemetry.timeout.
  const milliseconds patience = config_.telemetry.otlp.timeout + seconds(1);
  const http::Ticket ticket = exchange.defer(steady_now() + patience, [patience](http::Exchange& e) {
    e.respond(200, kJson,
              export_body({{}, 0, {"the collector has not answered in time; exporting goes on"}, patience}));
  });
  exporter_.flush([ticket](const Flush::Report& report) {
    ticket.resume([body = export_body(report)](http::Exchange& e) { e.respond(200, kJson, body); });
  });
}

void TelemetryEndpoints::export_stats(http::Exchange& exchange) const {
  const ExporterStats stats = exporter_.statistics();
  const std::uint64_t failed = stats.exports(ExportResult::failure);
  const std::uint64_t successful = stats.exports(ExportResult::success) + stats.exports(ExportResult::partial);
  const std::uint64_t total = successful + failed;
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("exports").begin_object();
  json.member("total", number(total)).member("successful", number(successful)).member("failed", number(failed));
  json.member("successRate", total > 0 ? static_cast<double>(successful) / static_cast<double>(total) : 0.0);
  json.end_object();
  write_last_export(json, stats);
  write_errors(json, stats);
  json.end_object();
  exchange.respond(200, kJson, body);
}

} // namespace authd::endpoints
