// SPDX-License-Identifier: Apache-2.0
// The text that Prometheus scrapes: format 0.0.4 and OpenMetrics 1.0. A counter whose name lacks `_total` gets it.
// prometheus-cpp has a serialiser for the first alone; the two differ in a dozen lines, so one writer makes both.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/instruments.h"

namespace authd::telemetry {

enum class TextFormat { prometheus, open_metrics };

std::string_view content_type(TextFormat format);

std::string exposition(const Snapshot& snapshot, TextFormat format);

} // namespace authd::telemetry
