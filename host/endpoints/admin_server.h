// SPDX-License-Identifier: Apache-2.0
// The listener for operations: its own Unix socket, or an address that clients do not reach.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "endpoints/admin.h"
#include "http/server.h"
#include "telemetry/access_log.h"

namespace authd::endpoints {

class AdminServer {
 public:
  // `listen`: "unix:/path" or "host:port", as admin.listen. Throws std::runtime_error that says why it cannot
  // listen there. References must outlive it. Its requests are logged as `telemetry` says.
  AdminServer(const std::string& listen, AdminActions actions, const config::Telemetry& telemetry, Log& log);

 private:
  telemetry::AccessLog access_log_;
  AdminEndpoints endpoints_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
};

} // namespace authd::endpoints
