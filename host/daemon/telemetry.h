// SPDX-License-Identifier: Apache-2.0
// Where telemetry goes as long as the process lives: what is measured, and what is exported of it, of spans and of the
// log. A reload changes where.
#pragma once

#include <memory>

#include "base/log.h"
#include "config/config.h"
#include "daemon/measurements.h"
#include "telemetry/log_records.h"
#include "telemetry/otlp/exporter.h"
#include "telemetry/signals.h"

namespace authd::daemon {

// [thread-safe]
class Telemetry {
 public:
  // The log must outlive it; all else that logs must not.
  explicit Telemetry(Log& log);
  ~Telemetry(); // stop()

  // What a configuration says. Made while a reload can still be refused, so that applying it cannot fail.
  struct Plan {
    telemetry::otlp::Exporter::Plan exports;
    std::shared_ptr<LogTap> log_tap; // null: log records are not exported
    bool writes_log = true;          // to the descriptor
  };
  // Throws as Exporter::prepare.
  Plan prepare(const config::Config& config);
  void apply(Plan plan) noexcept;
  // Exports once more what waits (Exporter::stop). From then on the log is written to its descriptor alone, so that it
  // has what comes later. [may-block]
  void stop();

  Measurements& measurements() { return measurements_; }
  telemetry::otlp::Exporter& exporter() { return exporter_; }
  // Where a configuration's spans go; null: nowhere, and none are built.
  telemetry::SpanSink* span_sink(const config::Config& config);

 private:
  Log& log_;
  Measurements measurements_;
  telemetry::otlp::Exporter exporter_; // reads the measurements
  const std::shared_ptr<void> statistics_;
};

} // namespace authd::daemon
