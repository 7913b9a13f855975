// SPDX-License-Identifier: Apache-2.0
// Is the gateway up? One probe at a time, on a thread of its own, its answer good for a second and bounded by a
// deadline, so that a storm of health checks never becomes a storm on the gateway. While a breaker is open it is
// probed once a second, for recovery is asked for, not waited for. The thread is started when it is first needed: a
// reload needs none. [thread-safe]
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "pipeline/gateway_guard.h"
#include "pipeline/recorder.h"
#include "plugin/gateway.h"

namespace authd::pipeline {

// What the probe's thread does beside probing for those who ask.
struct ProbeBackground {
  std::function<void()> each_second{}; // may block; empty: nothing
  milliseconds probe_every{0};         // 0: only when it is asked for
};

class GatewayHealth {
 public:
  using Done = std::function<void(const plugin::Health&)>;

  // All must outlive it. `probe_timeout`: what one probe may take.
  GatewayHealth(const plugin::Gateway& gateway, GatewayGuard& guard, milliseconds probe_timeout, Recorder& recorder,
                ProbeBackground background = {});
  ~GatewayHealth();
  GatewayHealth(const GatewayHealth&) = delete;
  GatewayHealth& operator=(const GatewayHealth&) = delete;

  // Calls `done` with an answer at most a second old: at once if there is one, else on the probe's thread.
  void ask(Done done);
  // The same for a worker; nullopt: there was no answer until then. [may-block]
  std::optional<plugin::Health> wait_for_answer(SteadyTime until);

  // The last one, however old; nullopt: it was never probed.
  std::optional<plugin::Health> last() const;

  // A breaker may have opened.
  void watch();

  // By then `done` has been called, or something is wrong with the plugin.
  SteadyTime patience() const { return steady_now() + probe_timeout_ + milliseconds(500); }

 private:
  bool start(); // requires mutex_
  void run();
  void await_work(std::unique_lock<std::mutex>& lock);
  void probe(std::unique_lock<std::mutex>& lock);
  void tick(std::unique_lock<std::mutex>& lock);
  bool has_recent_answer() const; // requires mutex_
  bool is_to_probe() const;       // requires mutex_

  const plugin::Gateway& gateway_;
  GatewayGuard& guard_;
  const milliseconds probe_timeout_;
  Recorder& recorder_;
  const ProbeBackground background_;

  mutable std::mutex mutex_; // guards all that follows
  std::condition_variable wake_;
  std::optional<plugin::Health> last_;
  SteadyTime last_at_{};
  std::vector<Done> waiting_;
  bool watching_ = false;
  SteadyTime next_tick_{}; // while watching, or with something to do each second
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace authd::pipeline
