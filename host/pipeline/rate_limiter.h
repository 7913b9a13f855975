// SPDX-License-Identifier: Apache-2.0
// How many tokens a consumer gets: the stage between header validation and lookup, if rate_limit.max_requests says so.
//
//   shared  one call of the first remote tier that can count, on a worker: the limit holds over all instances.
//   local   on the reactor, in this process's table: if rate_limit.shared is off, if no tier can count, and for each
//           request that the tier does not answer in time. Then every instance allows the whole limit, never more.
// [thread-safe]
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/gcra.h"
#include "config/config.h"
#include "pipeline/blocking_lane.h"
#include "pipeline/rate_table.h"
#include "pipeline/tier_stack.h"

namespace authd::pipeline {

class RateLimiter {
 public:
  using Done = std::function<void(const RateVerdict&)>; // called on a worker

  // Tiers and lane must outlive it, and the lane must have been stopped before it is destroyed. `before`: of the
  // generation before, whose counts are kept if the table's size is; null: none. Throws std::bad_alloc.
  RateLimiter(const config::RateLimit& settings, TierStack& tiers, BlockingLane& lane, const RateLimiter* before);

  bool is_on() const { return table_ != nullptr; }

  // Requires is_on, as do all below. Whether a tier is to count a request that begins now.
  bool is_shared(SteadyTime now) const { return counts_ != nullptr && !counts_->is_down(now); }
  // Counts one request. Allocates nothing.
  RateVerdict take_locally(std::string_view consumer, SteadyTime now);
  // Has it counted by the tier, or, if that does not answer, locally. False: no worker will have the time, and nothing
  // is counted. Requires is_shared.
  [[nodiscard]] bool take_shared(std::string_view consumer, SteadyTime now, Done done);
  // When one that begins now should be counted locally, although `done` has not been called.
  SteadyTime deadline(SteadyTime now) const;

  std::uint64_t evictions() const { return table_ ? table_->evictions() : 0; }

 private:
  const config::RateLimit settings_;
  const Gcra rule_;
  TierStack& tiers_;
  BlockingLane& lane_;
  const std::shared_ptr<RateTable> table_; // null: off
  GuardedTier* const counts_;              // null: it is counted locally
};

} // namespace authd::pipeline
