// SPDX-License-Identifier: Apache-2.0
#include "daemon/lifecycle.h"

namespace authd::daemon {

void Lifecycle::begin_drain() {
  const std::lock_guard lock(swapping_);
  draining_.store(true);
  service_manager_.stopping();
}

std::unique_lock<std::mutex> Lifecycle::permit_swap() {
  std::unique_lock lock(swapping_);
  if (draining_) lock.unlock();
  return lock;
}

} // namespace authd::daemon
