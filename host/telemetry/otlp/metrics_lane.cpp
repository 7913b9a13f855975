// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/metrics_lane.h"

#include "telemetry/otlp/encoding.h"
#include "telemetry/otlp/gzip.h"

namespace authd::telemetry::otlp {

std::optional<Batch> MetricsLane::take(const Destination& to) {
  const Snapshot snapshot = collect_();
  const std::size_t points = points_of(snapshot);
  if (points == 0) return std::nullopt;
  return Batch{gzip(encode(to.resource, snapshot)), points, metrics_of(snapshot)};
}

} // namespace authd::telemetry::otlp
