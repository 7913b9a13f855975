// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/statistics.h"

#include <algorithm>
#include <numeric>

namespace authd::telemetry::otlp {
namespace {

constexpr std::array<ExportResult, 3> kResults{ExportResult::success, ExportResult::failure, ExportResult::partial};
constexpr std::array<DropReason, 4> kReasons{DropReason::queue_full, DropReason::rejected, DropReason::failed,
                                             DropReason::shutdown};

bool is_of_interest(const SignalStats& stats) {
  const auto any = [](const auto& counts) {
    return std::any_of(counts.begin(), counts.end(), [](std::uint64_t count) { return count > 0; });
  };
  return stats.state != SignalState::inactive || any(stats.exports) || any(stats.dropped);
}

} // namespace

std::string_view name_of(ExportResult result) {
  constexpr std::array<std::string_view, 3> kNames{"success", "failure", "partial"};
  return kNames[static_cast<std::size_t>(result)];
}

std::string_view name_of(DropReason reason) {
  constexpr std::array<std::string_view, 4> kNames{"queue_full", "rejected", "failed", "shutdown"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::string_view name_of(SignalState state) {
  constexpr std::array<std::string_view, 3> kNames{"inactive", "active", "failing"};
  return kNames[static_cast<std::size_t>(state)];
}

std::uint64_t ExporterStats::exports(ExportResult result) const {
  return std::accumulate(signals.begin(), signals.end(), std::uint64_t{0},
                         [result](std::uint64_t sum, const SignalStats& stats) { return sum + stats.of(result); });
}

void read_into(Reading& reading, const ExporterStats& stats) {
  for (const Signal signal : kSignals) {
    if (!is_of_interest(stats[signal])) continue;
    for (const ExportResult result : kResults)
      reading.set(Id::otlp_exports, {name_of(signal), name_of(result)}, static_cast<double>(stats[signal].of(result)));
    for (const DropReason reason : kReasons)
      reading.set(Id::otlp_dropped, {name_of(signal), name_of(reason)}, static_cast<double>(stats[signal].of(reason)));
  }
}

} // namespace authd::telemetry::otlp
