// SPDX-License-Identifier: Apache-2.0
#include "daemon/keep_alive.h"

#include <algorithm>

#include <pthread.h>

namespace authd::daemon {
namespace {

// A status is a message to all who watch units on the bus.
constexpr seconds kBetweenRates{5};

} // namespace

KeepAlive::KeepAlive(SystemdNotifier& service_manager, http::Server& server, const StatusReport& report)
    : service_manager_(service_manager), server_(server), report_(report) {
  if (service_manager.is_listening()) thread_ = std::thread([this] { run(); });
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

void KeepAlive::run() {
  pthread_setname_np(pthread_self(), "keep-alive");
  const auto interval = service_manager_.watchdog_interval();
  const std::chrono::nanoseconds between_beats = interval ? *interval / 2 : kBetweenRates;
  SteadyTime next_beat = steady_now();
  SteadyTime next_rate = next_beat + kBetweenRates;
  std::unique_lock lock(mutex_);
  do {
    const SteadyTime now = steady_now();
    if (interval && next_beat <= now && server_.beat()) service_manager_.keep_alive();
    if (next_beat <= now) next_beat = now + between_beats;
    if (next_rate > now) continue;
    service_manager_.rate(report_.tokens_per_s());
    next_rate = now + kBetweenRates;
  } while (!changed_.wait_until(lock, std::min(next_beat, next_rate), [this] { return ending_; }));
}

} // namespace authd::daemon
