// SPDX-License-Identifier: Apache-2.0
// The cache tiers in the order of the configuration, fastest first: local ones, which are asked on the reactors,
// then guarded ones, which are asked on workers. [thread-safe]
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "pipeline/drop_result.h"
#include "pipeline/freshness.h"
#include "pipeline/guarded_tier.h"
#include "pipeline/local_tiers.h"
#include "pipeline/recorder.h"
#include "pipeline/sealing.h"
#include "pipeline/step_log.h"
#include "pipeline/tier_slot.h"

namespace authd::pipeline {

struct TierState {
  std::string name;
  bool remote = false;
  bool blocking = false;                                         // it is asked on workers, behind a breaker
  CircuitBreaker::State breaker = CircuitBreaker::State::closed; // closed for local tiers
  TierCondition condition;                                       // well for local tiers
  plugin::TierStats stats;

  // nullopt: the tier does not know.
  std::optional<std::int64_t> entries() const { return known(stats.entries); }
  std::optional<std::int64_t> bytes() const { return known(stats.bytes); }

 private:
  std::optional<std::int64_t> known(std::uint64_t n) const {
    return stats.known ? std::optional(static_cast<std::int64_t>(n)) : std::nullopt;
  }
};

class TierStack {
 public:
  // The recorder must outlive it. `history`: of the stack before, while that one's last flights complete; null: none.
  TierStack(std::vector<TierSlot> slots, FreshnessClock clock, Sealer sealer, Recorder& recorder,
            std::shared_ptr<TierHistory> history = nullptr);

  // --- on reactors: local tiers only ---

  // See LocalTiers::get.
  Freshness get_local(std::string_view consumer, std::string& record, bool reports = true,
                      LocalReads* reads = nullptr) const;
  bool get_stale(std::string_view consumer, std::string& record) const;

  bool has_blocking() const { return !guarded_.empty(); }
  // Whether every blocking tier is behind an open breaker: then reading them is pointless.
  bool blocking_tiers_are_down(SteadyTime now) const;

  // --- on workers ---

  // The first copy in a blocking tier that signs (that ends a refresh, if it is read for one), else the best that
  // there is. It is put into the local tiers, unless these have one that was fetched later. nullopt also when the
  // consumer was invalidated meanwhile: it may be from before that. `steps`: where each read is noted; null: nowhere.
  // [may-block]
  std::optional<TierCopy> get_blocking(std::string_view consumer, bool for_refresh = false, StepLog* steps = nullptr);

  // When the fetch of a record begins, for the two below.
  FetchMark mark(std::string_view consumer) const;
  bool was_invalidated(std::string_view consumer, const FetchMark& since) const;
  // False: nothing was stored, because the consumer was invalidated since `mark`, or the local tiers have a copy that
  // was fetched later.
  // `refresh_within`: it is due as if this were its lifetime, if that is shorter.
  bool fill_local(std::string_view consumer, std::string_view record, const FetchMark& mark,
                  milliseconds refresh_within = milliseconds::max());
  void fill_blocking(std::string_view consumer, std::string_view record, const FetchMark& mark); // [may-block]

  // Removes the consumer from every tier, and through a remote tier from every instance. A blocking tier that could
  // not be told yet is not read for this consumer until it was. [may-block]
  DropResult drop(std::string_view consumer);
  DropResult drop_all(); // [may-block]
  // The same for callers that must not wait: local tiers drop it at once, blocking tiers with the next flush_deletions,
  // and are not read for it until then. Returns the mark for what was fetched under `mark` and is newer than all that
  // is dropped: it can be stored, unless the consumer has been invalidated again since.
  FetchMark drop_soon(std::string_view consumer, const FetchMark& mark);
  void flush_deletions(); // GuardedTier::flush of each [may-block]
  bool needs_flush() const;

  // --- the rate limit ---

  // The first blocking tier that can count for every instance; null: there is none.
  GuardedTier* first_that_counts() const;
  // See GuardedTier::take. `tier`: one of this stack. [may-block]
  std::optional<RateVerdict> take(GuardedTier& tier, std::string_view consumer, const Gcra& rule,
                                  milliseconds window) const;

  // --- from a remote tier, about what happened elsewhere ---

  void invalidated(std::string_view remote_key); // another instance dropped this key
  void cleared();                                // or everything
  void restored();                               // messages may have been missed: local copies become suspect

  // Whether a tier that answers may hold copies within their stale window. Too hopeful after single deletions from
  // local tiers, and of a remote tier that does not say how many it has.
  bool may_hold_copies() const;
  std::vector<TierState> states() const;
  // GuardedTier::poll of each, once a second. [may-block]
  void poll();

 private:
  using Token = std::array<char, 32>;

  std::string_view local_key(std::string_view consumer, Token& buffer) const;
  std::atomic<std::uint64_t>& epoch_slot(std::string_view local_key) const;
  FetchMark mark_of(std::string_view local_key) const;
  DropResult drop_local(std::string_view local_key);
  DropResult clear_local();
  bool has_newer(std::string_view local_key, std::int64_t fetched_at_ms) const;
  static TierRead read(GuardedTier& tier, std::string_view local_key, StepLog* steps);
  void put_above(const GuardedTier& below, const TierCopy& copy, std::string_view local_key, const FetchMark& mark);

  const Sealer sealer_;
  const bool hashes_keys_;
  const std::shared_ptr<TierHistory> history_;
  const LocalTiers local_;
  std::vector<std::unique_ptr<GuardedTier>> guarded_;
};

} // namespace authd::pipeline
