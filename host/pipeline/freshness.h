// SPDX-License-Identifier: Apache-2.0
// How good a cached copy still is, and what may be done with it. One type and one table of rules: lookup, tiers,
// health and statistics ask here.
//
//   fresh    within its lifetime
//   due      in the last part of its lifetime (lookup.refresh_ahead)
//   suspect  a local copy that was last confirmed before the channel of a remote tier was restored: it may have
//            missed an invalidation. For lookup.suspect_grace from the restoration; after that it is stale
//   stale    past its lifetime, within the stale window
//   gone     past the stale window, or never there
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace authd::pipeline {

enum class Freshness : std::uint8_t { fresh, due, suspect, stale, gone };

struct FreshnessRule {
  bool signs;        // a request that finds it is answered with it at once
  bool asks;         // a request that finds it has it asked for again in the background
  bool ends_refresh; // a refresh that finds it in a slower tier asks no further
  bool last_resort;  // it signs when what was asked for fails or is suspended
};

// The table. Total: every enumerator has a row.
constexpr FreshnessRule rule(Freshness freshness) {
  constexpr FreshnessRule kRules[] = {
      //        signs  asks   ends   last
      /*fresh*/ {true, false, true, true},
      /*due*/ {true, true, false, true},
      /*suspect*/ {true, true, false, true},
      /*stale*/ {false, false, false, true},
      /*gone*/ {false, false, false, false},
  };
  return kRules[static_cast<std::size_t>(freshness)];
}

// What is known of the channels over which remote tiers report invalidations. A period is the time between two
// restorations; copies carry the one in which they were last confirmed. Shared by the stacks before and after a
// reload. [thread-safe]
class ChannelPeriods {
 public:
  ChannelPeriods();

  std::uint64_t current() const { return current_.load(std::memory_order_acquire); }
  void restored(SteadyTime now);
  SteadyTime last_restored() const; // meaningful once restored was called

 private:
  std::atomic<SteadyTime::rep> restored_at_{0};
  std::atomic<std::uint64_t> current_; // starts at random: what an earlier process confirmed is suspect
};

// What a local copy carries beside its record.
struct LocalStamp {
  std::int64_t due_at_ms = 0; // since the epoch
  std::uint64_t period = 0;   // in which it was confirmed
  static constexpr std::size_t kBytes = 16;

  // Behind the record, so that a reader cuts it off without moving a byte.
  void append_to(std::string& value) const;
  // Removes it from the end; nullopt: the value is too short to have one.
  static std::optional<LocalStamp> take_from(std::string& value);
};

// The times at which a copy passes from one state to the next.
class FreshnessClock {
 public:
  // `refresh_ahead`: 0 to 0.9, the last part of a lifetime in which a copy is due; 0: never.
  constexpr FreshnessClock(double refresh_ahead, milliseconds suspect_grace)
      : refresh_ahead_(refresh_ahead), suspect_grace_(suspect_grace) {}

  // Of a copy that its local tier still has within its TTL.
  Freshness of_local(const LocalStamp& stamp, const ChannelPeriods& channels) const;
  // Of a record that a remote tier with this TTL and stale window returned.
  Freshness of_remote(std::int64_t fetched_at_ms, milliseconds ttl, milliseconds stale) const;

  // For a copy that a local tier keeps for `lifetime` from now on. When it becomes due varies by up to three
  // quarters of the last part, so that instances which got it from one remote copy do not all refresh it at once.
  LocalStamp stamp(milliseconds lifetime, std::uint64_t period) const;

 private:
  milliseconds last_part(milliseconds lifetime) const;

  double refresh_ahead_;
  milliseconds suspect_grace_;
};

// How long a record fetched then still counts as fresh under this TTL; zero or less: it does not.
milliseconds lifetime_left(std::int64_t fetched_at_ms, milliseconds ttl);

} // namespace authd::pipeline
