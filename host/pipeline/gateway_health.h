// SPDX-License-Identifier: Apache-2.0
// Is the gateway up? One probe at a time, its answer good for a second and bounded by a deadline, so that
// a storm of health checks never becomes a storm on the gateway. [thread-safe]
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "pipeline/blocking_lane.h"
#include "plugin/gateway.h"

namespace authd::pipeline {

class GatewayHealth {
 public:
  using Done = std::function<void(const plugin::Health&)>;

  // The gateway must outlive it. `probe_timeout`: what one probe may take.
  GatewayHealth(const plugin::Gateway& gateway, milliseconds probe_timeout);

  // Calls `done` with an answer at most a second old: at once if there is one, else on the probe's thread.
  void ask(Done done);

  // By then `done` has been called, or something is wrong with the plugin.
  SteadyTime patience() const { return steady_now() + probe_timeout_ + milliseconds(500); }

 private:
  void probe();

  const plugin::Gateway& gateway_;
  const milliseconds probe_timeout_;
  std::mutex mutex_;
  std::optional<plugin::Health> last_;
  SteadyTime last_at_{};
  bool probing_ = false;
  std::vector<Done> waiting_;
  BlockingLane lane_{1, 1}; // its own worker: lookups that hang must not hide the answer
};

} // namespace authd::pipeline
