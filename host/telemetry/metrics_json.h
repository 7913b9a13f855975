// SPDX-License-Identifier: Apache-2.0
// GET /metrics as JSON: spec/token-service.md, "GET /metrics". Times in ms, uptime in s, memory in bytes, ratios 0
// to 1.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "telemetry/instruments.h"
#include "telemetry/system_readings.h"

namespace authd::telemetry {

enum class View { standard, operational, infrastructure, telemetry, exports, config, full };

// The names that a request may give: all but the standard one.
std::span<const std::string_view> view_names();
std::optional<View> view_named(std::string_view name); // "": standard

// What stands in the JSON but is no instrument.
struct MetricsFacts {
  std::string_view mode = "console"; // telemetry.mode
  milliseconds cache_ttl{0};         // of the fastest tier
  milliseconds export_interval{0};
  double trace_sample_ratio = 0;
  std::span<const std::string> tiers; // fastest first
  ProcessMemory memory;
};

std::string metrics_json(const Snapshot& snapshot, const MetricsFacts& facts, View view);

} // namespace authd::telemetry
