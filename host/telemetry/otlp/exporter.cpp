// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/exporter.h"

#include <utility>

namespace authd::telemetry::otlp {

Exporter::Exporter(MetricsLane::Collect collect, Log& log)
    : traces_(Signal::traces, report_to(log)), metrics_(report_to(log), std::move(collect)),
      logs_(Signal::logs, report_to(log)) {}

Exporter::~Exporter() { stop(); }

Lane::Changed Exporter::report_to(Log& log) {
  return [&log](Signal signal, std::string_view error) {
    const bool failing = !error.empty();
    log.write(failing ? Level::warn : Level::info, failing ? "otlp-export-failing" : "otlp-export-recovered",
              failing ? "exports to the OpenTelemetry collector fail"
                      : "exports to the OpenTelemetry collector succeed",
              {{"authd.otlp.signal", name_of(signal)}, {"error.message", error}});
  };
}

Exporter::Plan Exporter::prepare(const config::Config& config) {
  Plan plan;
  const std::lock_guard lock(starting_);
  for (const Signal signal : kSignals) {
    auto& to = plan.to_[static_cast<std::size_t>(signal)];
    to = make_destination(signal, config, exchanges_);
    if (to) lanes()[static_cast<std::size_t>(signal)]->start();
  }
  return plan;
}

void Exporter::apply(Plan plan) noexcept {
  exchanges_.forget_authorities();
  for (const Signal signal : kSignals) {
    const auto i = static_cast<std::size_t>(signal);
    lanes()[i]->configure(std::move(plan.to_[i]));
  }
}

bool Exporter::admits(std::size_t spans) { return traces_.admits(spans); }

void Exporter::offer(std::vector<Span> spans) { traces_.offer(std::move(spans)); }

void Exporter::offer(LogRecord record) { logs_.offer(std::move(record)); }

void Exporter::flush(Flush::Done done) {
  const auto flush = std::make_shared<Flush>(std::move(done));
  for (Lane* lane : lanes()) lane->flush(flush);
}

// All at once: they share the time.
void Exporter::stop(milliseconds at_most) {
  const std::lock_guard lock(starting_);
  const SteadyTime by = steady_now() + at_most;
  for (Lane* lane : lanes()) lane->stop(by);
  for (Lane* lane : lanes()) {
    if (lane->started()) lane->await_end(by);
  }
  exchanges_.abort(); // what still waits for a collector
  for (Lane* lane : lanes()) lane->join();
}

ExporterStats Exporter::statistics() const {
  return {{traces_.statistics(), metrics_.statistics(), logs_.statistics()}};
}

} // namespace authd::telemetry::otlp
