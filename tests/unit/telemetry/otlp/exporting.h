// SPDX-License-Identifier: Apache-2.0
// An exporter, a collector for it, and a way to wait for what it did.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "../written.h"
#include "samples.h"
#include "support/otlp_collector.h"
#include "telemetry/otlp/exporter.h"

namespace authd::telemetry::otlp {

inline config::Config config_for(const std::string& endpoint) {
  config::Config config;
  config.telemetry.mode = config::TelemetryMode::otlp;
  config.telemetry.otlp.endpoint = endpoint;
  config.telemetry.otlp.timeout = seconds(5);
  // Nothing goes by itself unless a test wants it to.
  config.telemetry.otlp.export_interval = std::chrono::hours(1);
  return config;
}

class Exporting : public testing::Test {
 protected:
  void configure(const config::Config& config) { exporter_.apply(exporter_.prepare(config)); }

  Flush::Report flush() {
    std::promise<Flush::Report> report;
    exporter_.flush([&](const Flush::Report& r) { report.set_value(r); });
    return report.get_future().get();
  }

  // Until `holds` does of a signal's statistics; fails the test when it never does.
  template <class Holds>
  SignalStats await(Signal signal, Holds holds) {
    const SteadyTime deadline = steady_now() + seconds(20);
    for (;;) {
      const SignalStats stats = exporter_.statistics()[signal];
      if (holds(stats)) return stats;
      if (steady_now() > deadline) {
        ADD_FAILURE() << "waited in vain: " << stats.last_error;
        return stats;
      }
      std::this_thread::sleep_for(milliseconds(5));
    }
  }

  SignalStats traces() const { return exporter_.statistics()[Signal::traces]; }

  Written written_;
  Exporter exporter_{sample_snapshot, written_.log()};
};

} // namespace authd::telemetry::otlp
