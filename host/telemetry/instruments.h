// SPDX-License-Identifier: Apache-2.0
// What authd measures: one row for each instrument of spec/observability.md. A snapshot of them is what the three views
// (JSON, Prometheus and OpenMetrics text, OTLP) are made from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace authd::telemetry {

enum class InstrumentKind : std::uint8_t { counter, gauge, histogram };

enum class Id : std::uint8_t {
  http_requests,
  http_response_time,
  http_active_connections,
  http_active_requests,
  jwt_tokens_generated,
  jwt_generation,
  token_failures,
  kong_operations,
  kong_operation_time,
  cache_tier_operations,
  cache_tier_latency,
  cache_entries,
  cache_bytes,
  cache_evictions,
  breaker_state,
  breaker_requests,
  breaker_rejected,
  breaker_fallback,
  breaker_transitions,
  lookup_coalesced,
  lookup_refresh_ahead,
  lane_queue_depth,
  lane_rejected,
  rate_limit_evictions,
  reactor_loop_delay,
  consumer_volume,
  process_memory_limit,
  process_cpu_usage,
  process_memory_usage,
  process_open_fds,
  process_threads,
  system_cpu_utilization,
  system_memory_usage,
  system_disk_io,
  system_network_io,
  metrics_collections,
  otlp_exports,
  otlp_dropped,
  auth_keys,
  auth_sign,
  test_counter,
  test_histogram,
};
inline constexpr std::size_t kIds = static_cast<std::size_t>(Id::test_histogram) + 1;

struct Instrument {
  Id id;
  std::string_view name; // JSON's and OTLP's; the text formats add _total to a counter that lacks it
  InstrumentKind kind;
  std::string_view unit; // UCUM, as OpenTelemetry wants it: "s", "By", "1", "{request}"
  std::string_view help; // one line
  std::array<std::string_view, 3> labels{};

  std::span<const std::string_view> label_names() const;
};

std::span<const Instrument> instruments(); // in the order of Id
const Instrument& instrument(Id id);

// Upper bounds of every histogram, in seconds; one more bucket counts what is above the last.
inline constexpr std::array<double, 16> kBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
inline constexpr std::size_t kBuckets = kBounds.size() + 1;

struct Point {
  std::vector<std::string> labels; // values, in the order of the instrument's names
  double value = 0;                // of a counter or gauge
  // Of a histogram: not cumulative, kBuckets of them; the number of values is their sum.
  std::vector<std::uint64_t> buckets{};
  double sum = 0; // seconds

  std::uint64_t count() const; // of a histogram
};

struct Family {
  const Instrument* instrument = nullptr;
  std::vector<Point> points; // none: nothing is known, as process_memory_limit without a cgroup limit
};

// Counters and histograms are cumulative since `since`.
struct Snapshot {
  WallTime since;
  WallTime taken_at;
  std::vector<Family> families; // of every instrument, in the order of Id

  const Family& operator[](Id id) const { return families[static_cast<std::size_t>(id)]; }
};

} // namespace authd::telemetry
