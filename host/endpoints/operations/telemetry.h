// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "http/operation.h"

namespace authd::endpoints::operations {

extern const http::Operation kTelemetryHealth; // GET /health/telemetry
extern const http::Operation kMetricsHealth;   // GET /health/metrics

// Not in production.
extern const http::Operation kRecordTestValues; // POST /debug/metrics/test
extern const http::Operation kExportNow;        // POST /debug/metrics/export
extern const http::Operation kExportStats;      // GET /debug/metrics/stats

inline constexpr unsigned kPresetTestValues = 10;
inline constexpr unsigned kMostTestValues = 10'000; // what the schema of the body says

} // namespace authd::endpoints::operations
