// SPDX-License-Identifier: Apache-2.0
#include "pipeline/tier_condition.h"

#include <utility>

namespace authd::pipeline {

// A deletion proves less than a store: a Redis that is full still deletes.
void TierConditionTracker::note(std::string_view operation, CallStatus status, std::string error) {
  const bool answered = status == CallStatus::ok;
  const std::lock_guard lock(mutex_);
  auto& noted = is_write(operation) ? write_error_ : read_error_;
  if (answered && is_deletion(operation)) return;
  noted = answered ? std::nullopt : std::optional(std::move(error));
  if (is_write(operation)) write_found_it_away_ = status == CallStatus::unavailable || status == CallStatus::timeout;
}

void TierConditionTracker::note_health(plugin::Health health, bool answered) {
  using State = plugin::Health::State;
  const std::lock_guard lock(mutex_);
  if (!answered) {
    read_error_ = std::move(health.detail);
    stats_ = {};
    return;
  }
  // It may have been away and back between two reports, and perhaps nothing is stored for hours.
  if (health.state == State::up && (degraded_ || write_found_it_away_)) write_error_.reset();
  degraded_ = health.state == State::degraded ? std::optional(std::move(health.detail)) : std::nullopt;
}

void TierConditionTracker::note_stats(const plugin::TierStats& stats) {
  const std::lock_guard lock(mutex_);
  stats_ = stats;
}

TierCondition TierConditionTracker::condition(bool breaker_is_closed) const {
  const std::lock_guard lock(mutex_);
  TierCondition condition{breaker_is_closed && !read_error_, write_error_ || degraded_, {}};
  for (const auto* error : {&read_error_, &write_error_, &degraded_})
    if (condition.why.empty() && *error) condition.why = **error;
  if (condition.why.empty() && !condition.is_well()) condition.why = "it failed recently and is skipped";
  return condition;
}

plugin::TierStats TierConditionTracker::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

bool TierConditionTracker::may_hold_copies() const {
  const std::lock_guard lock(mutex_);
  return !read_error_ && !(stats_.known && stats_.entries == 0);
}

} // namespace authd::pipeline
