// SPDX-License-Identifier: Apache-2.0
#include "pipeline/consumer_changes.h"

#include <utility>

namespace authd::pipeline {

void ConsumerChanges::add(std::string_view consumer) {
  {
    const std::lock_guard lock(mutex_);
    pending_.emplace(consumer);
  }
  (void)worker_.submit(BlockingLane::plain_job([this] { carry_out(); }));
}

void ConsumerChanges::add_all() {
  {
    const std::lock_guard lock(mutex_);
    all_pending_ = true;
  }
  (void)worker_.submit(BlockingLane::plain_job([this] { carry_out(); }));
}

void ConsumerChanges::carry_out() {
  std::unique_lock lock(mutex_);
  const bool all = std::exchange(all_pending_, false);
  const auto consumers = std::exchange(pending_, {});
  lock.unlock();
  if (all) {
    forget_all_();
    return;
  }
  for (const std::string& consumer : consumers) forget_(consumer);
}

} // namespace authd::pipeline
