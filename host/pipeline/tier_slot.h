// SPDX-License-Identifier: Apache-2.0
// One cache tier as configured, and what the stacks before and after a reload share.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "pipeline/freshness.h"
#include "pipeline/pending_deletions.h"
#include "plugin/cache_tier.h"

namespace authd::pipeline {

struct TierSlot {
  plugin::CacheTier tier;
  milliseconds ttl;
  milliseconds stale;                          // how long past its TTL a copy may still be used
  milliseconds read_timeout{50};               // what a request waits for a blocking tier
  std::shared_ptr<PendingDeletions> pending{}; // of the stack before, whose tier it was; null: nothing is pending
};

// What either stack learns while the last flights of the one before complete must hold for both: what one invalidates
// is not stored by the other. [thread-safe]
struct TierHistory {
  // How often a consumer was invalidated. One counter serves many: a collision costs a fetch that is not stored. So
  // many, because each new consumer is an invalidation in every instance.
  std::array<std::atomic<std::uint64_t>, 16'384> epochs{};
  ChannelPeriods channels;
  // Until when some copy in a local tier may be used, if nothing deletes it: the latest end of a stale window.
  std::atomic<SteadyTime::rep> usable_until{0};

  void stored(SteadyTime until) {
    const SteadyTime::rep end = until.time_since_epoch().count();
    SteadyTime::rep latest = usable_until.load(std::memory_order_relaxed);
    while (latest < end && !usable_until.compare_exchange_weak(latest, end, std::memory_order_relaxed)) {
    }
  }
};

// When the fetch of a record began: what was invalidated since is not stored, and what was fetched before a channel
// was restored is stored as suspect.
struct FetchMark {
  std::uint64_t epoch = 0;
  std::uint64_t period = 0;
};

} // namespace authd::pipeline
