// SPDX-License-Identifier: Apache-2.0
// One blocking tier behind a breaker of its own, so that a tier that fails is skipped and comes back by itself.
// Copies that it refuses are offered again after a pause; deletions that it could not be told of are kept and
// carried out later, and what they cover is not read until then. Values are sealed. [thread-safe] [may-block]
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/gcra.h"
#include "pipeline/circuit_breaker.h"
#include "pipeline/drop_result.h"
#include "pipeline/freshness.h"
#include "pipeline/recorder.h"
#include "pipeline/sealing.h"
#include "pipeline/tier_condition.h"
#include "pipeline/tier_slot.h"

namespace authd::pipeline {

// A credential record as a tier had it.
struct TierCopy {
  std::string record;
  Freshness freshness = Freshness::gone;
  std::int64_t fetched_at_ms = 0; // since the epoch
};

// What a read of a tier came to: a hit, a stale copy, or no copy and why.
struct TierRead {
  std::optional<TierCopy> copy;         // never of freshness gone
  CallResult result = CallResult::miss; // cancelled: its breaker refused the read
};

class GuardedTier {
 public:
  // Sealer and recorder must outlive it. `prefix`: of every key that the host puts into it.
  GuardedTier(TierSlot slot, FreshnessClock clock, const Sealer& sealer, std::string prefix, Recorder& recorder);

  // The wait is bounded by the tier's read_timeout.
  TierRead read(const std::string& key);
  // `invalidated` is asked before and after: what was invalidated meanwhile is taken back.
  void store(const std::string& key, std::string_view record, const std::function<bool()>& invalidated);

  // Not told: it could not be yet; the deletion is pending.
  TierDrop remove(const std::string& key);
  TierDrop remove_all(); // how many copies it had is unknown
  // Counts one request of the key, for every instance that shares the tier; nullopt: it was not counted, as far as is
  // known. Requires slot().tier.counts(). The wait is bounded by the tier's read_timeout.
  std::optional<RateVerdict> take(const std::string& key, const Gcra& rule, milliseconds window);
  // Leaves the deletion pending, for a flush. Does no I/O.
  void remove_later(const std::string& key);
  // Carries out pending deletions. For workers for whom nobody waits: it takes up to a quarter of a second, up to
  // five seconds when all is to be deleted.
  void flush();
  // Whether flush would have something to do now.
  bool needs_flush(SteadyTime now) const { return pending_->needs_flush(now); }

  // Asks how it is and for its statistics, if the tier expects to be asked, and carries out pending deletions, unless
  // everything is to be deleted: the caller must not be kept for seconds. To be called once a second.
  void poll();
  plugin::TierStats stats() const { return tracker_.stats(); } // as they were last
  TierCondition condition() const { return tracker_.condition(is_closed()); }
  // Whether a read may find a copy: it answers, it is not to be cleared first, and it does not report that it is empty.
  bool may_hold_copies() const { return is_closed() && !pending_->covers_all() && tracker_.may_hold_copies(); }

  bool is_down(SteadyTime now) const { return breaker_.would_reject(now); }
  CircuitBreaker::State breaker() const { return breaker_.state(); }
  const TierSlot& slot() const { return slot_; }

 private:
  bool is_closed() const { return breaker_.state() == CircuitBreaker::State::closed; }
  template <class Operation>
  CallStatus guard(std::string_view name, Call& call, Operation&& operation);
  template <class Operation>
  CallStatus timed(TierOperation name, Call& call, Operation&& operation);
  void report(TierOperation operation, CallStatus status, std::chrono::nanoseconds took) const;
  bool failed(std::string_view operation, CallStatus status, Call& call);
  void ask_how_it_is();
  bool poll_health(); // false: it is down
  void poll_stats(bool tells_health);
  CallStatus ask_health(Call& call, plugin::Health& health) const;

  std::optional<TierCopy> open(const std::string& key, std::string& envelope);
  void cannot_read(const std::string& key, Sealer::Opened opened);
  bool may_store(SteadyTime now);
  void stored(bool good);
  CallStatus delete_now(const std::string& key);
  CallStatus clear_now();
  bool carry_out(const std::string& key);

  const TierSlot slot_;
  const FreshnessClock clock_;
  const Sealer& sealer_;
  const std::string prefix_;
  Recorder& recorder_;
  CircuitBreaker breaker_;
  const std::shared_ptr<PendingDeletions> pending_;

  TierConditionTracker tracker_;

  std::mutex mutex_; // guards these
  bool stores_fail_ = false;
  SteadyTime next_store_{}; // matters while stores fail
};

} // namespace authd::pipeline
