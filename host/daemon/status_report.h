// SPDX-License-Identifier: Apache-2.0
// What GET /admin/status answers: spec/token-service.md, "Operations". Reads what is counted anyway; nothing is done
// for it where requests are served.
#pragma once

#include <string>

#include "daemon/lifecycle.h"
#include "daemon/reloader.h"
#include "http/server.h"
#include "telemetry/traffic.h"

namespace authd::daemon {

// [thread-safe]
class StatusReport {
 public:
  // All must outlive it.
  StatusReport(const Reloader& reloader, Lifecycle& lifecycle, const http::Server& server);

  std::string json() const;
  double tokens_per_s() const { return traffic_.now().tokens_per_s; } // of the last ten seconds

 private:
  const Reloader& reloader_;
  Lifecycle& lifecycle_;
  const http::Server& server_;
  const SteadyTime started_ = steady_now();
  telemetry::TrafficWindow traffic_;
};

} // namespace authd::daemon
