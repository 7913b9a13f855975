// SPDX-License-Identifier: Apache-2.0
#include "daemon/keep_alive.h"

#include <pthread.h>

namespace authd::daemon {

KeepAlive::KeepAlive(SystemdNotifier& service_manager, http::Server& server)
    : service_manager_(service_manager), server_(server) {
  if (const auto interval = service_manager.watchdog_interval())
    thread_ = std::thread([this, period = *interval / 2] { run(period); });
}

KeepAlive::~KeepAlive() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void KeepAlive::run(std::chrono::microseconds period) {
  pthread_setname_np(pthread_self(), "keep-alive");
  std::unique_lock lock(mutex_);
  do {
    if (server_.beat()) service_manager_.keep_alive();
  } while (!changed_.wait_for(lock, period, [this] { return ending_; }));
}

} // namespace authd::daemon
