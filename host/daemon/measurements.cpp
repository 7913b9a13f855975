// SPDX-License-Identifier: Apache-2.0
#include "daemon/measurements.h"

#include <string>

namespace authd::daemon {

using telemetry::Id;
using telemetry::Reading;

Measurements::Measurements()
    : system_source_(metrics_.add_source([this](Reading& reading) { system_.read_into(reading); })) {}

std::shared_ptr<void> Measurements::watch(const http::Server& server) {
  return metrics_.add_source([&server](Reading& reading) {
    std::uint64_t connections = 0;
    std::uint64_t active = 0;
    for (const http::ReactorActivity& reactor : server.activity()) {
      connections += reactor.connections;
      active += reactor.active;
    }
    reading.set(Id::http_active_connections, {}, static_cast<double>(connections));
    reading.set(Id::http_active_requests, {}, static_cast<double>(active));
  });
}

void Measurements::on_turn(unsigned reactor, std::chrono::nanoseconds took) {
  if (reactor >= kMostReactors) return;
  telemetry::Metrics::Histogram& turn = turns_[reactor];
  if (turn.slot == 0) turn = metrics_.histogram(Id::reactor_loop_delay, {std::to_string(reactor)});
  metrics_.observe(turn, took);
}

} // namespace authd::daemon
