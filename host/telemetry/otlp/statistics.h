// SPDX-License-Identifier: Apache-2.0
// What the exporter did so far.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "telemetry/metrics.h"
#include "telemetry/otlp/signal.h"

namespace authd::telemetry::otlp {

enum class ExportResult : std::uint8_t { success, failure, partial };
enum class DropReason : std::uint8_t {
  queue_full,
  rejected, // by the collector
  failed,   // to be delivered, for as long as it is tried
  shutdown, // not delivered when authd ended, or when the signal was switched off
};
std::string_view name_of(ExportResult result);
std::string_view name_of(DropReason reason);

enum class SignalState : std::uint8_t { inactive, active, failing }; // failing: the last export did
std::string_view name_of(SignalState state);

struct SignalStats {
  SignalState state = SignalState::inactive;
  std::array<std::uint64_t, 3> exports{}; // requests, by ExportResult
  std::array<std::uint64_t, 4> dropped{}; // spans, data points or log records, by DropReason
  std::size_t waiting = 0;                // items
  std::uint64_t exported = 0;             // items that were accepted
  std::optional<WallTime> last_success;
  std::size_t last_items = 0; // of the last success
  milliseconds last_duration{0};
  std::optional<WallTime> last_failure;
  std::string last_error; // without secrets

  std::uint64_t& of(ExportResult result) { return exports[static_cast<std::size_t>(result)]; }
  std::uint64_t of(ExportResult result) const { return exports[static_cast<std::size_t>(result)]; }
  std::uint64_t& of(DropReason reason) { return dropped[static_cast<std::size_t>(reason)]; }
  std::uint64_t of(DropReason reason) const { return dropped[static_cast<std::size_t>(reason)]; }
};

struct ExporterStats {
  std::array<SignalStats, 3> signals;

  const SignalStats& operator[](Signal signal) const { return signals[static_cast<std::size_t>(signal)]; }
  std::uint64_t exports(ExportResult result) const; // of all signals
};

// otlp_exports_total and otlp_dropped_total: a point for each result of the signals that are, or were, exported.
void read_into(Reading& reading, const ExporterStats& stats);

} // namespace authd::telemetry::otlp
