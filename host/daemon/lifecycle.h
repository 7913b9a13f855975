// SPDX-License-Identifier: Apache-2.0
// What lives as long as the process, whatever a reload replaces: whether it drains, what the service manager
// is told, and where old generations end.
#pragma once

#include <atomic>
#include <mutex>

#include "daemon/retirement.h"
#include "daemon/sd_notify.h"

namespace authd::daemon {

class Lifecycle {
 public:
  // From here on nothing is ready and no configuration is swapped in; both for good.
  void begin_drain();
  const std::atomic<bool>& draining() const { return draining_; }

  // Held while a configuration is swapped in, so that a drain begins before it or after it. Owns nothing: the
  // process drains, and nothing may be swapped in.
  std::unique_lock<std::mutex> permit_swap();

  SystemdNotifier& service_manager() { return service_manager_; }
  Retirement& retirement() { return retirement_; }

 private:
  std::mutex swapping_;
  std::atomic<bool> draining_{false};
  SystemdNotifier service_manager_;
  Retirement retirement_; // last: what it still ends refers to the rest
};

} // namespace authd::daemon
