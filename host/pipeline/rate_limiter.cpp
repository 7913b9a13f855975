// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rate_limiter.h"

#include <algorithm>
#include <string>
#include <utility>

namespace authd::pipeline {
namespace {

std::shared_ptr<RateTable> table_for(const config::RateLimit& settings, const std::shared_ptr<RateTable>& before) {
  if (settings.max_requests == 0) return nullptr;
  if (before && before->consumers() == settings.max_consumers) return before;
  return std::make_shared<RateTable>(settings.max_consumers);
}

} // namespace

RateLimiter::RateLimiter(const config::RateLimit& settings, TierStack& tiers, BlockingLane& lane,
                         const RateLimiter* before)
    : settings_(settings), rule_(std::max<std::int64_t>(1, settings.max_requests), settings.window), tiers_(tiers),
      lane_(lane), table_(table_for(settings, before ? before->table_ : nullptr)),
      counts_(is_on() && settings.shared.value_or(true) ? tiers.first_that_counts() : nullptr) {}

RateVerdict RateLimiter::take_locally(std::string_view consumer, SteadyTime now) {
  return table_->take(consumer, rule_, now.time_since_epoch().count());
}

bool RateLimiter::take_shared(std::string_view consumer, SteadyTime now, Done done) {
  const milliseconds patience = counts_->slot().read_timeout;
  const SteadyTime wanted_until = now + patience;
  const auto job = [this, wanted_until, consumer = std::string(consumer), done = std::move(done)] {
    if (steady_now() >= wanted_until) return false; // nobody waits any more
    const auto verdict = tiers_.take(*counts_, consumer, rule_, settings_.window);
    done(verdict ? *verdict : take_locally(consumer, steady_now()));
    return verdict.has_value();
  };
  return lane_.submit({BlockingLane::Kind::count, job, [wanted_until] { return wanted_until; }}, patience);
}

// A worker may come as late as the tier's read_timeout, and then wait for the tier as long.
SteadyTime RateLimiter::deadline(SteadyTime now) const { return now + 2 * counts_->slot().read_timeout; }

} // namespace authd::pipeline
