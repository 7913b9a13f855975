// SPDX-License-Identifier: Apache-2.0
#include "pipeline/freshness.h"

#include <cstring>
#include <limits>
#include <random>

namespace authd::pipeline {
namespace {

std::minstd_rand& jitter_source() {
  thread_local std::minstd_rand source{std::random_device{}()};
  return source;
}

} // namespace

ChannelPeriods::ChannelPeriods() {
  std::random_device random;
  current_ = (static_cast<std::uint64_t>(random()) << 32) | random();
}

// The time is stored before the period: a reader that sees the new period sees its beginning.
void ChannelPeriods::restored(SteadyTime now) {
  restored_at_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  current_.fetch_add(1, std::memory_order_release);
}

SteadyTime ChannelPeriods::last_restored() const {
  return SteadyTime(SteadyTime::duration(restored_at_.load(std::memory_order_relaxed)));
}

void LocalStamp::append_to(std::string& value) const {
  static_assert(kBytes == sizeof(due_at_ms) + sizeof(period));
  char bytes[kBytes];
  std::memcpy(bytes, &due_at_ms, sizeof(due_at_ms));
  std::memcpy(bytes + sizeof(due_at_ms), &period, sizeof(period));
  value.append(bytes, sizeof(bytes));
}

std::optional<LocalStamp> LocalStamp::take_from(std::string& value) {
  LocalStamp stamp;
  if (value.size() < kBytes) return std::nullopt;
  const char* bytes = value.data() + value.size() - kBytes;
  std::memcpy(&stamp.due_at_ms, bytes, sizeof(stamp.due_at_ms));
  std::memcpy(&stamp.period, bytes + sizeof(stamp.due_at_ms), sizeof(stamp.period));
  value.resize(value.size() - kBytes);
  return stamp;
}

Freshness FreshnessClock::of_local(const LocalStamp& stamp, const ChannelPeriods& channels) const {
  if (stamp.period != channels.current()) {
    const bool in_grace = steady_now() - channels.last_restored() < suspect_grace_;
    return in_grace ? Freshness::suspect : Freshness::stale;
  }
  return unix_millis(wall_now()) < stamp.due_at_ms ? Freshness::fresh : Freshness::due;
}

Freshness FreshnessClock::of_remote(std::int64_t fetched_at_ms, milliseconds ttl, milliseconds stale) const {
  const milliseconds left = lifetime_left(fetched_at_ms, ttl);
  if (left <= -stale) return Freshness::gone;
  if (left <= milliseconds(0)) return Freshness::stale;
  return left > last_part(ttl) ? Freshness::fresh : Freshness::due;
}

LocalStamp FreshnessClock::stamp(milliseconds lifetime, std::uint64_t period) const {
  const std::int64_t ahead = last_part(lifetime).count();
  if (ahead <= 0) return {std::numeric_limits<std::int64_t>::max(), period};
  const std::int64_t jitter = static_cast<std::int64_t>(jitter_source()()) % (ahead * 3 / 4 + 1);
  return {unix_millis(wall_now()) + lifetime.count() - ahead + jitter, period};
}

milliseconds FreshnessClock::last_part(milliseconds lifetime) const {
  return milliseconds(static_cast<std::int64_t>(static_cast<double>(lifetime.count()) * refresh_ahead_));
}

milliseconds lifetime_left(std::int64_t fetched_at_ms, milliseconds ttl) {
  return ttl - milliseconds(unix_millis(wall_now()) - fetched_at_ms);
}

} // namespace authd::pipeline
