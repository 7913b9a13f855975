// SPDX-License-Identifier: Apache-2.0
#include "pipeline/invalidation_hub.h"

#include <algorithm>

namespace authd::pipeline {

InvalidationHub::InvalidationHub()
    : table_{{sizeof(authd_tiers_v1), 0, nullptr, &InvalidationHub::invalidated, &InvalidationHub::resync}, this} {}

void InvalidationHub::attach(TierStack& stack) {
  const std::lock_guard lock(mutex_);
  stacks_.push_back(&stack);
}

void InvalidationHub::detach(TierStack& stack) {
  const std::lock_guard lock(mutex_);
  stacks_.erase(std::remove(stacks_.begin(), stacks_.end(), &stack), stacks_.end());
}

void InvalidationHub::invalidated(const authd_tiers_v1* table, authd_str key) {
  InvalidationHub& hub = *static_cast<const Table*>(table)->hub;
  const std::lock_guard lock(hub.mutex_);
  for (TierStack* stack : hub.stacks_) stack->invalidated({key.p, key.n});
}

void InvalidationHub::resync(const authd_tiers_v1* table) {
  InvalidationHub& hub = *static_cast<const Table*>(table)->hub;
  const std::lock_guard lock(hub.mutex_);
  for (TierStack* stack : hub.stacks_) stack->restored();
}

} // namespace authd::pipeline
