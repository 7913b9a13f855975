// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/encoding.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>
#include <type_traits>

#include "base/json_writer.h"
#include "base/version.h"

namespace authd::telemetry::otlp {
namespace {

constexpr int kCumulative = 2;  // AggregationTemporality
constexpr int kStatusError = 2; // Status.StatusCode

// As text, because a JSON number holds 53 bits.
void write_integer(JsonWriter& json, std::string_view name, std::uint64_t value) {
  json.member(name, std::to_string(value));
}

void write_time(JsonWriter& json, std::string_view name, WallTime at) {
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
  write_integer(json, name, static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)));
}

template <std::size_t N>
bool is_none(const std::array<std::uint8_t, N>& id) {
  return std::all_of(id.begin(), id.end(), [](std::uint8_t byte) { return byte == 0; });
}

template <std::size_t N>
void write_id(JsonWriter& json, std::string_view name, const std::array<std::uint8_t, N>& id) {
  if (is_none(id)) return;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const std::uint8_t byte : id) (hex += kDigits[byte >> 4]) += kDigits[byte & 15];
  json.member(name, hex);
}

// ProtoJSON has names for what JSON has no numbers for.
void write_double(JsonWriter& json, std::string_view name, double value) {
  if (std::isfinite(value)) {
    json.member(name, value);
  } else {
    json.member(name, std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
  }
}

// AnyValue.
struct ValueWriter {
  JsonWriter& json;
  void operator()(const std::string& text) const { json.member("stringValue", text); }
  void operator()(std::int64_t number) const { json.member("intValue", std::to_string(number)); }
  void operator()(double number) const { write_double(json, "doubleValue", number); }
  void operator()(bool flag) const { json.member("boolValue", flag); }
};

template <class Value>
void write_attribute(JsonWriter& json, std::string_view name, const Value& value) {
  json.begin_object().member("key", name).key("value").begin_object();
  ValueWriter{json}(value);
  json.end_object().end_object();
}

void write_attribute(JsonWriter& json, const Attribute& attribute) {
  std::visit([&](const auto& value) { write_attribute(json, attribute.name, value); }, attribute.value);
}

void write_resource(JsonWriter& json, const Resource& resource) {
  json.key("resource").begin_object().key("attributes").begin_array();
  write_attribute(json, "service.name", resource.service_name);
  write_attribute(json, "service.version", resource.service_version);
  write_attribute(json, "deployment.environment", resource.environment);
  write_attribute(json, "host.name", resource.host_name);
  write_attribute(json, "process.pid", resource.pid);
  json.end_array().end_object();
}

struct Names {
  std::string_view of_resources; // "resourceSpans"
  std::string_view of_scopes;
  std::string_view of_items;
};

// The three levels that all signals have: one resource, one scope, its items.
template <class WriteItems>
std::string body(const Resource& resource, const Names& names, WriteItems write_items) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key(names.of_resources).begin_array().begin_object();
  write_resource(json, resource);
  json.key(names.of_scopes).begin_array().begin_object();
  json.key("scope").begin_object().member("name", "authd").member("version", kVersion).end_object();
  json.key(names.of_items).begin_array();
  write_items(json);
  json.end_array().end_object().end_array().end_object().end_array().end_object();
  return text;
}

void write_attributes(JsonWriter& json, const std::vector<Attribute>& attributes) {
  if (attributes.empty()) return;
  json.key("attributes").begin_array();
  for (const Attribute& attribute : attributes) write_attribute(json, attribute);
  json.end_array();
}

void write_status(JsonWriter& json, const Span& span) {
  if (!span.failed) return;
  json.key("status").begin_object();
  if (!span.message.empty()) json.member("message", span.message);
  json.member("code", kStatusError).end_object();
}

void write_span(JsonWriter& json, const Span& span) {
  json.begin_object();
  write_id(json, "traceId", span.trace);
  write_id(json, "spanId", span.id);
  if (!span.trace_state.empty()) json.member("traceState", span.trace_state);
  write_id(json, "parentSpanId", span.parent);
  // Without the flags: decoders that are older than opentelemetry-proto 1.1 do not know them, and what is exported is
  // sampled.
  json.member("name", span.name).member("kind", static_cast<int>(span.kind));
  write_time(json, "startTimeUnixNano", span.start);
  write_time(json, "endTimeUnixNano", span.end);
  write_attributes(json, span.attributes);
  write_status(json, span);
  json.end_object();
}

// The lowest number of the level's range (Logs Data Model, "Field: SeverityNumber").
int severity_number(Level level) {
  switch (level) {
  case Level::debug:
    return 5;
  case Level::info:
    return 9;
  case Level::warn:
    return 13;
  case Level::error:
    return 17;
  case Level::fatal:
    return 21;
  }
  return 0;
}

void write_record(JsonWriter& json, const LogRecord& record) {
  json.begin_object();
  write_time(json, "timeUnixNano", record.at);
  write_time(json, "observedTimeUnixNano", record.at);
  json.member("severityNumber", severity_number(record.level)).member("severityText", name_of(record.level));
  json.key("body").begin_object().member("stringValue", record.message).end_object();
  json.key("attributes").begin_array();
  if (!record.event.empty()) write_attribute(json, "event.action", record.event);
  for (const Attribute& attribute : record.attributes) write_attribute(json, attribute);
  json.end_array();
  write_id(json, "traceId", record.trace);
  write_id(json, "spanId", record.span);
  json.end_object();
}

bool is_sendable(const Family& family, const Point& point) {
  return family.instrument->kind == InstrumentKind::histogram || std::isfinite(point.value);
}

std::size_t points_of(const Family& family) {
  return static_cast<std::size_t>(std::count_if(family.points.begin(), family.points.end(),
                                                [&](const Point& point) { return is_sendable(family, point); }));
}

void write_labels(JsonWriter& json, const Instrument& instrument, const Point& point) {
  const auto names = instrument.label_names();
  const std::size_t count = std::min(names.size(), point.labels.size());
  if (count == 0) return;
  json.key("attributes").begin_array();
  for (std::size_t i = 0; i < count; ++i) write_attribute(json, names[i], point.labels[i]);
  json.end_array();
}

void write_distribution(JsonWriter& json, const Point& point) {
  write_integer(json, "count", point.count());
  write_double(json, "sum", point.sum);
  json.key("bucketCounts").begin_array();
  for (const std::uint64_t count : point.buckets) json.value(std::to_string(count));
  json.end_array().key("explicitBounds").begin_array();
  for (const double bound : kBounds) json.value(bound);
  json.end_array();
}

void write_value(JsonWriter& json, InstrumentKind kind, const Point& point) {
  switch (kind) {
  case InstrumentKind::counter:
    json.member("asInt", std::to_string(static_cast<std::int64_t>(std::llround(point.value))));
    return;
  case InstrumentKind::gauge:
    json.member("asDouble", point.value);
    return;
  case InstrumentKind::histogram:
    return write_distribution(json, point);
  }
}

void write_points(JsonWriter& json, const Family& family, const Snapshot& snapshot) {
  const InstrumentKind kind = family.instrument->kind;
  json.key("dataPoints").begin_array();
  for (const Point& point : family.points) {
    if (!is_sendable(family, point)) continue;
    json.begin_object();
    write_labels(json, *family.instrument, point);
    if (kind != InstrumentKind::gauge) write_time(json, "startTimeUnixNano", snapshot.since);
    write_time(json, "timeUnixNano", snapshot.taken_at);
    write_value(json, kind, point);
    json.end_object();
  }
  json.end_array();
}

std::string_view data_of(InstrumentKind kind) {
  switch (kind) {
  case InstrumentKind::counter:
    return "sum";
  case InstrumentKind::gauge:
    return "gauge";
  case InstrumentKind::histogram:
    return "histogram";
  }
  return "";
}

void write_metric(JsonWriter& json, const Family& family, const Snapshot& snapshot) {
  const Instrument& instrument = *family.instrument;
  json.begin_object().member("name", instrument.name).member("description", instrument.help);
  json.member("unit", instrument.unit).key(data_of(instrument.kind)).begin_object();
  write_points(json, family, snapshot);
  if (instrument.kind != InstrumentKind::gauge) json.member("aggregationTemporality", kCumulative);
  if (instrument.kind == InstrumentKind::counter) json.member("isMonotonic", true);
  json.end_object().end_object();
}

} // namespace

std::string encode(const Resource& resource, std::span<const Span> spans) {
  return body(resource, {"resourceSpans", "scopeSpans", "spans"}, [&](JsonWriter& json) {
    for (const Span& span : spans) write_span(json, span);
  });
}

std::string encode(const Resource& resource, std::span<const LogRecord> records) {
  return body(resource, {"resourceLogs", "scopeLogs", "logRecords"}, [&](JsonWriter& json) {
    for (const LogRecord& record : records) write_record(json, record);
  });
}

std::string encode(const Resource& resource, const Snapshot& snapshot) {
  return body(resource, {"resourceMetrics", "scopeMetrics", "metrics"}, [&](JsonWriter& json) {
    for (const Family& family : snapshot.families) {
      if (points_of(family) > 0) write_metric(json, family, snapshot);
    }
  });
}

std::size_t points_of(const Snapshot& snapshot) {
  std::size_t points = 0;
  for (const Family& family : snapshot.families) points += points_of(family);
  return points;
}

std::size_t metrics_of(const Snapshot& snapshot) {
  return static_cast<std::size_t>(std::count_if(snapshot.families.begin(), snapshot.families.end(),
                                                [](const Family& family) { return points_of(family) > 0; }));
}

} // namespace authd::telemetry::otlp
