// SPDX-License-Identifier: Apache-2.0
// Exports spans, metrics and log records to an OpenTelemetry collector (OTLP/HTTP, JSON, gzip). What is offered is
// queued and never waited for: a collector that is slow or dead costs memory up to telemetry.queue_size, and no
// latency.
//
// Each signal has a thread of its own (lane.h). There is none until a configuration first exports something.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "config/config.h"
#include "http_client/service.h"
#include "telemetry/otlp/flush.h"
#include "telemetry/otlp/metrics_lane.h"
#include "telemetry/otlp/queue_lane.h"
#include "telemetry/otlp/statistics.h"
#include "telemetry/signals.h"

namespace authd::telemetry::otlp {

// [thread-safe]
class Exporter final : public SpanSink, public LogSink {
 public:
  // How long the end of the process may wait for a collector.
  static constexpr milliseconds kLastFlush{4500};

  // `collect` reads the metrics, on a thread of the exporter. Both must outlive it or its stop(). Exports nothing until
  // something is applied.
  Exporter(MetricsLane::Collect collect, Log& log);
  ~Exporter() override; // stop()
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // What a configuration says. Made while a reload can still be refused, so that applying it cannot fail.
  class Plan {
   public:
    bool exports(Signal signal) const { return to_[static_cast<std::size_t>(signal)] != nullptr; }

   private:
    friend class Exporter;
    std::array<std::shared_ptr<const Destination>, 3> to_;
  };
  // Throws std::runtime_error (OpenSSL refuses the authorities), std::system_error (no thread can be started).
  Plan prepare(const config::Config& config);
  // From now on; the system's authorities are read again. Not after stop().
  void apply(Plan plan) noexcept;

  // All drop what there is no room for, and count it.
  bool admits(std::size_t spans) override;
  void offer(std::vector<Span> spans) override;
  void offer(LogRecord record) override;

  // Exports now what waits, and the metrics. `done` is called once, on any thread.
  void flush(Flush::Done done);
  // One last flush of at most `at_most`; what is left is dropped and counted. [may-block]
  void stop(milliseconds at_most = kLastFlush);

  ExporterStats statistics() const;

 private:
  std::array<Lane*, 3> lanes() { return {&traces_, &metrics_, &logs_}; }
  Lane::Changed report_to(Log& log);

  http_client::HttpService exchanges_;
  QueueLane<Span> traces_;
  MetricsLane metrics_;
  QueueLane<LogRecord> logs_;
  std::mutex starting_; // of threads: prepare() and stop()
};

} // namespace authd::telemetry::otlp
