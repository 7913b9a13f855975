// SPDX-License-Identifier: Apache-2.0
// The bodies of OTLP/HTTP in its JSON encoding (OpenTelemetry Protocol 1.x, "JSON Protobuf Encoding"): ids are
// lower-case hexadecimal, 64-bit integers are strings, enumerations are numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "telemetry/instruments.h"
#include "telemetry/signals.h"

namespace authd::telemetry::otlp {

// Who sends.
struct Resource {
  std::string service_name;
  std::string service_version;
  std::string environment; // deployment.environment
  std::string host_name;
  std::int64_t pid = 0;
};

// ExportTraceServiceRequest.
std::string encode(const Resource& resource, std::span<const Span> spans);
// ExportLogsServiceRequest.
std::string encode(const Resource& resource, std::span<const LogRecord> records);
// ExportMetricsServiceRequest: counters as monotonic cumulative sums of integers, gauges as doubles, histograms
// cumulative with explicit bounds. What has no points is left out.
std::string encode(const Resource& resource, const Snapshot& snapshot);

// Points that encode() writes.
std::size_t points_of(const Snapshot& snapshot);
// Metrics that they belong to.
std::size_t metrics_of(const Snapshot& snapshot);

} // namespace authd::telemetry::otlp
