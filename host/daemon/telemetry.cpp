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

Telemetry::~Telemetry() { stop(); }

void Telemetry::stop() {
  exporter_.stop();
  log_.set_tap(nullptr);
}

Telemetry::Plan Telemetry::prepare(const config::Config& config) {
  Plan plan{exporter_.prepare(config), nullptr, true};
  if (!plan.exports.exports(Signal::logs)) return plan; // what nobody receives stays on stdout
  plan.log_tap = std::make_shared<telemetry::LogRecords>(exporter_);
  plan.writes_log = config.telemetry.mode != config::TelemetryMode::otlp;
  return plan;
}

void Telemetry::apply(Plan plan) noexcept {
  // In this order no line is lost between the two.
  if (plan.writes_log) log_.set_tap(plan.log_tap, true);
  exporter_.apply(std::move(plan.exports));
  if (!plan.writes_log) log_.set_tap(std::move(plan.log_tap), false);
}

telemetry::SpanSink* Telemetry::span_sink(const config::Config& config) {
  return telemetry::otlp::is_exported(Signal::traces, config.telemetry) ? &exporter_ : nullptr;
}

} // namespace authd::daemon
