// SPDX-License-Identifier: Apache-2.0
// Tells the service manager, twice within its WatchdogSec=, that every reactor turns: while one is stuck it hears
// nothing, and starts authd anew. And every few seconds at what rate tokens are issued. Without a service manager there
// is no thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "daemon/lifecycle.h"
#include "daemon/status_report.h"
#include "http/server.h"

namespace authd::daemon {

class KeepAlive {
 public:
  // All must outlive it; the server has been started.
  KeepAlive(SystemdNotifier& service_manager, http::Server& server, const StatusReport& report);
  ~KeepAlive();
  KeepAlive(const KeepAlive&) = delete;
  KeepAlive& operator=(const KeepAlive&) = delete;

 private:
  void run();

  SystemdNotifier& service_manager_;
  http::Server& server_;
  const StatusReport& report_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false; // guarded by mutex_
  std::thread thread_;
};

} // namespace authd::daemon
