// SPDX-License-Identifier: Apache-2.0
#include "telemetry/instruments.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace authd::telemetry {
namespace {

using Kind = InstrumentKind;

// Rows, one line each where they fit:
// clang-format off
constexpr Instrument kInstruments[] = {
    {Id::http_requests, "http_requests_total", Kind::counter, "{request}", "Requests answered.", {"method", "route", "status"}},
    {Id::http_response_time, "http_response_time_seconds", Kind::histogram, "s",
     "Time from the last byte of a request to its answer.", {"route"}},
    {Id::http_active_connections, "http_active_connections", Kind::gauge, "{connection}", "Client connections open now."},
    {Id::http_active_requests, "http_active_requests", Kind::gauge, "{request}", "Requests that wait for their answer now."},
    {Id::jwt_tokens_generated, "jwt_tokens_generated", Kind::counter, "{token}", "Tokens issued.", {"algorithm"}},
    {Id::jwt_generation, "jwt_generation_seconds", Kind::histogram, "s", "Time to sign a token."},
    {Id::token_failures, "token_failures_total", Kind::counter, "{request}", "Token requests refused, by AUTH code.", {"code"}},
    {Id::kong_operations, "kong_operations", Kind::counter, "{call}", "Calls to the gateway.", {"operation", "result"}},
    {Id::kong_operation_time, "kong_operation_seconds", Kind::histogram, "s", "Duration of calls to the gateway.", {"operation"}},
    {Id::cache_tier_operations, "cache_tier_operations", Kind::counter, "{operation}", "Operations on cache tiers.",
     {"tier", "operation", "result"}},
    {Id::cache_tier_latency, "cache_tier_latency", Kind::histogram, "s", "Duration of operations on cache tiers.",
     {"tier", "operation"}},
    {Id::cache_entries, "cache_entries", Kind::gauge, "{entry}", "Copies in a cache tier.", {"tier"}},
    {Id::cache_bytes, "cache_bytes", Kind::gauge, "By", "Memory that a cache tier uses for its copies.", {"tier"}},
    {Id::cache_evictions, "cache_evictions_total", Kind::counter, "{entry}", "Copies that a cache tier evicted for want of room.",
     {"tier"}},
    {Id::breaker_state, "circuit_breaker_state", Kind::gauge, "1", "State of a circuit breaker: 0 closed, 1 open, 2 half-open.",
     {"breaker"}},
    {Id::breaker_requests, "circuit_breaker_requests_total", Kind::counter, "{call}", "Calls that a circuit breaker admitted.",
     {"breaker", "operation", "result"}},
    {Id::breaker_rejected, "circuit_breaker_rejected_total", Kind::counter, "{call}", "Calls that a circuit breaker refused.",
     {"breaker", "operation"}},
    {Id::breaker_fallback, "circuit_breaker_fallback_total", Kind::counter, "{request}",
     "Requests for which a stale copy was looked for in place of the gateway.", {"breaker", "result"}},
    {Id::breaker_transitions, "circuit_breaker_state_transitions_total", Kind::counter, "{transition}",
     "Changes of a circuit breaker's state.", {"breaker", "from", "to"}},
    {Id::lookup_coalesced, "lookup_coalesced_total", Kind::counter, "{request}", "Lookups that joined one under way."},
    {Id::lookup_refresh_ahead, "lookup_refresh_ahead_total", Kind::counter, "{lookup}",
     "Lookups started in the background because a copy was due."},
    {Id::lane_queue_depth, "lane_queue_depth", Kind::gauge, "{job}", "Jobs that wait for a worker of the blocking lane."},
    {Id::lane_rejected, "lane_rejected_total", Kind::counter, "{job}", "Jobs that the blocking lane refused."},
    {Id::rate_limit_evictions, "rate_limit_evictions_total", Kind::counter, "{consumer}",
     "Consumers whose requests were no longer counted, because more than rate_limit.max_consumers were busy."},
    {Id::reactor_loop_delay, "reactor_loop_delay_seconds", Kind::histogram, "s",
     "How long an event that became ready during a turn of a reactor's loop waited at most.", {"reactor"}},
    {Id::consumer_volume, "consumer_volume_total", Kind::counter, "{token}",
     "Tokens issued, by how many their consumer got within the last hour: high 1000 or more, medium 60 or more, low.", {"class"}},
    {Id::process_memory_limit, "process_memory_limit", Kind::gauge, "By", "Memory limit of the cgroup."},
    {Id::process_cpu_usage, "process_cpu_usage", Kind::gauge, "1", "Processors that the process kept busy since the last reading."},
    {Id::process_memory_usage, "process_memory_usage", Kind::gauge, "By", "Memory of the process.", {"type"}},
    {Id::process_open_fds, "process_open_fds", Kind::gauge, "{descriptor}", "Open file descriptors."},
    {Id::process_threads, "process_threads", Kind::gauge, "{thread}", "Threads of the process."},
    {Id::system_cpu_utilization, "system_cpu_utilization", Kind::gauge, "1", "Share of time that a processor was busy.", {"core"}},
    {Id::system_memory_usage, "system_memory_usage", Kind::gauge, "By", "Memory of the system.", {"state"}},
    {Id::system_disk_io, "system_disk_io_bytes", Kind::counter, "By", "Bytes read from and written to disks.", {"direction"}},
    {Id::system_network_io, "system_network_io_bytes", Kind::counter, "By", "Bytes received and sent over the network.",
     {"direction"}},
    {Id::metrics_collections, "metrics_collections_total", Kind::counter, "{collection}", "Readings of the metrics.", {"view"}},
    {Id::otlp_exports, "otlp_exports_total", Kind::counter, "{export}", "Exports to the OpenTelemetry collector.",
     {"signal", "result"}},
    {Id::otlp_dropped, "otlp_dropped_total", Kind::counter, "{item}", "Spans, log records and metrics that were not exported.",
     {"signal", "result"}},
    // Without points until POST /debug/metrics/test is used:
    {Id::auth_keys, "auth_keys", Kind::gauge, "{key}", "Signing keys, by state.", {"state"}},
    {Id::auth_sign, "auth_sign_seconds", Kind::histogram, "s", "Time in which the signer signed a token.", {"alg"}},
    {Id::test_counter, "test_counter", Kind::counter, "1", "Values recorded by POST /debug/metrics/test."},
    {Id::test_histogram, "test_histogram", Kind::histogram, "s", "Values recorded by POST /debug/metrics/test."},
};
// clang-format on

constexpr bool in_order_of_id() {
  for (std::size_t i = 0; i < std::size(kInstruments); ++i) {
    if (static_cast<std::size_t>(kInstruments[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order_of_id() && std::size(kInstruments) == kIds);

} // namespace

std::span<const std::string_view> Instrument::label_names() const {
  const auto end = std::find(labels.begin(), labels.end(), std::string_view());
  return {labels.data(), static_cast<std::size_t>(end - labels.begin())};
}

std::span<const Instrument> instruments() { return kInstruments; }

const Instrument& instrument(Id id) { return kInstruments[static_cast<std::size_t>(id)]; }

std::uint64_t Point::count() const { return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0}); }

} // namespace authd::telemetry
