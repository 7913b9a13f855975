// SPDX-License-Identifier: Apache-2.0
#include "daemon/telemetry.h"

#include <utility>

#include "telemetry/otlp/destination.h"

namespace authd::daemon {

using telemetry::Reading;
using telemetry::otlp::Signal;

Telemetry::Telemetry(Log& log)
    : log_(log), exporter_([this] { return measurements_.metrics().collect("otlp"); }, log),
      statistics_(measurements_.metrics().add_source(
          [this](Reading& reading) { telemetry::otlp::read_into(reading, exporter_.statistics()); })) {}

Telemetry::~Telemetry() {
  log_.set_tap(nullptr);
  exporter_.stop();
}

Telemetry::Plan Telemetry::prepare(const config::Config& config) {
  Plan plan{exporter_.prepare(config), nullptr, true};
  if (!plan.exports.exports(Signal::logs)) return plan; // what nobody receives stays on stdout
  plan.log_tap = std::make_shared<telemetry::LogRecords>(exporter_);
  plan.writes_log = config.telemetry.mode != config::TelemetryMode::otlp;
  return plan;
}

void Telemetry::apply(Plan plan) noexcept {
  exporter_.apply(std::move(plan.exports));
  log_.set_tap(std::move(plan.log_tap), plan.writes_log);
}

telemetry::SpanSink* Telemetry::span_sink(const config::Config& config) {
  return telemetry::otlp::is_exported(Signal::traces, config.telemetry) ? &exporter_ : nullptr;
}

} // namespace authd::daemon
