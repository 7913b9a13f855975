// SPDX-License-Identifier: Apache-2.0
// What is measured as long as the process lives, whatever a reload replaces.
#pragma once

#include <array>
#include <chrono>
#include <memory>

#include "http/server.h"
#include "telemetry/metrics.h"
#include "telemetry/system_readings.h"
#include "telemetry/volume_sketch.h"

namespace authd::daemon {

class Measurements final : public http::TurnObserver {
 public:
  Measurements();

  telemetry::Metrics& metrics() { return metrics_; }
  telemetry::VolumeSketch& volumes() { return volumes_; }

  // Reads the server's connections and requests from now on, until the returned handle ends: before the server does.
  std::shared_ptr<void> watch(const http::Server& server);

  void on_turn(unsigned reactor, std::chrono::nanoseconds took) override;

 private:
  static constexpr std::size_t kMostReactors = 256; // server.reactors

  telemetry::Metrics metrics_;
  telemetry::VolumeSketch volumes_;
  telemetry::SystemReadings system_;
  std::array<telemetry::Metrics::Histogram, kMostReactors> turns_{}; // each is its reactor's own
  const std::shared_ptr<void> system_source_;
};

} // namespace authd::daemon
