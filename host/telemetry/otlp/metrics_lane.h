// SPDX-License-Identifier: Apache-2.0
// The lane of metrics: nothing waits in it, because values are cumulative and can be read again. What an export failed
// to deliver within an interval counts as dropped: that moment's values are lost.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "telemetry/instruments.h"
#include "telemetry/otlp/lane.h"

namespace authd::telemetry::otlp {

class MetricsLane final : public Lane {
 public:
  using Collect = std::function<Snapshot()>; // called on the lane's thread

  MetricsLane(Changed changed, Collect collect)
      : Lane(Signal::metrics, std::move(changed)), collect_(std::move(collect)) {}

 private:
  std::size_t waiting() const override { return 0; }
  bool is_full(const Destination&) const override { return false; }
  std::size_t discard(Garbage&) override { return 0; }
  milliseconds may_age(const Destination& to) const override { return to.interval; }
  bool is_renewed() const override { return true; }
  std::optional<Batch> take(const Destination& to) override;

  const Collect collect_;
};

} // namespace authd::telemetry::otlp
