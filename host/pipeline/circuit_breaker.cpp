// SPDX-License-Identifier: Apache-2.0
#include "pipeline/circuit_breaker.h"

#include <algorithm>

namespace authd::pipeline {

CircuitBreaker::CircuitBreaker(Settings settings) : settings_(settings), buckets_(std::max(1u, settings.buckets)) {}

CircuitBreaker::Admission CircuitBreaker::acquire(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  switch (state_) {
  case State::closed:
    return {Permit{period_, false}, std::nullopt};
  case State::open: {
    if (now - opened_at_ < settings_.reset_timeout) return {};
    const Transition step = move_to(State::half_open, now);
    probing_ = true;
    return {Permit{period_, true}, step};
  }
  case State::half_open:
    if (probing_) return {};
    probing_ = true;
    return {Permit{period_, true}, std::nullopt};
  }
  return {};
}

std::optional<CircuitBreaker::Transition> CircuitBreaker::record(Permit permit, Outcome outcome, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (permit.period != period_) return std::nullopt;
  if (permit.probe) {
    probing_ = false;
    if (outcome == Outcome::unjudged) return std::nullopt;
    return move_to(outcome == Outcome::failure ? State::open : State::closed, now);
  }
  if (outcome == Outcome::unjudged || outcome == Outcome::answered) return std::nullopt;
  row_ = outcome == Outcome::failure ? row_ + 1 : 0;
  Bucket& bucket = bucket_at(now);
  ++(outcome == Outcome::success ? bucket.successes : bucket.failures);
  // Only a failure opens it: a success may complete the volume, but is no reason.
  if (outcome == Outcome::success || !should_open(now)) return std::nullopt;
  return move_to(State::open, now);
}

std::optional<CircuitBreaker::Transition> CircuitBreaker::recover(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (state_ != State::open) return std::nullopt;
  return move_to(State::half_open, now);
}

CircuitBreaker::State CircuitBreaker::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

bool CircuitBreaker::would_reject(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (state_ == State::half_open) return probing_;
  return state_ == State::open && now - opened_at_ < settings_.reset_timeout;
}

milliseconds CircuitBreaker::until_probe(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (state_ != State::open) return milliseconds(0);
  const auto left = settings_.reset_timeout - (now - opened_at_);
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(left));
}

std::int64_t CircuitBreaker::index_of(SteadyTime now) const {
  const auto step = settings_.window / static_cast<int>(buckets_.size());
  return now.time_since_epoch() / std::max<SteadyTime::duration>(step, milliseconds(1));
}

CircuitBreaker::Bucket& CircuitBreaker::bucket_at(SteadyTime now) {
  const std::int64_t index = index_of(now);
  Bucket& bucket = buckets_[static_cast<std::size_t>(index) % buckets_.size()];
  if (bucket.index != index) bucket = Bucket{index, 0, 0};
  return bucket;
}

bool CircuitBreaker::should_open(SteadyTime now) const {
  if (settings_.row_threshold > 0 && row_ >= settings_.row_threshold) return true;
  const std::int64_t oldest = index_of(now) - static_cast<std::int64_t>(buckets_.size()) + 1;
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.index < oldest) continue;
    successes += bucket.successes;
    failures += bucket.failures;
  }
  const std::uint64_t total = successes + failures;
  return total >= settings_.volume_threshold && failures * 100 >= total * settings_.error_threshold_percent;
}

CircuitBreaker::Transition CircuitBreaker::move_to(State next, SteadyTime now) {
  const Transition step{state_, next};
  state_ = next;
  ++period_;
  probing_ = false;
  row_ = 0;
  if (next == State::open) opened_at_ = now;
  std::fill(buckets_.begin(), buckets_.end(), Bucket{});
  return step;
}

std::string_view name_of(CircuitBreaker::State state) {
  switch (state) {
  case CircuitBreaker::State::closed:
    return "closed";
  case CircuitBreaker::State::open:
    return "open";
  case CircuitBreaker::State::half_open:
    return "half-open";
  }
  return "closed";
}

} // namespace authd::pipeline
