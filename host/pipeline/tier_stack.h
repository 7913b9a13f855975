// SPDX-License-Identifier: Apache-2.0
// The cache tiers in the order of the configuration, fastest first. Non-blocking tiers are asked on the
// reactors; blocking ones on lane workers, each behind a breaker of its own, so that a tier that fails is
// skipped and comes back by itself. Values for remote tiers are sealed. [thread-safe]
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "pipeline/circuit_breaker.h"
#include "pipeline/recorder.h"
#include "pipeline/sealing.h"
#include "pipeline/tier_debts.h"
#include "plugin/cache_tier.h"

namespace authd::pipeline {

struct TierSlot {
  plugin::CacheTier tier;
  milliseconds ttl;
  milliseconds stale;            // how long past its TTL a copy may still be used
  milliseconds read_timeout{50}; // what a request waits for a blocking tier
  std::shared_ptr<TierDebts> debts{}; // of the stack before, whose tier it was; null: it owes nothing yet
};

// How often a consumer was invalidated. One counter serves many: a collision costs a fetch that is not stored.
using TierEpochs = std::array<std::atomic<std::uint64_t>, 1024>;

// A credential record as a tier had it.
struct TierCopy {
  std::string record;
  bool fresh = false;
};

struct TierState {
  std::string name;
  bool remote = false;
  CircuitBreaker::State breaker = CircuitBreaker::State::closed; // closed for non-blocking tiers
  plugin::TierStats stats;
};

class TierStack {
 public:
  // The recorder must outlive it. `epochs`: shared with the stack before while that one's last flights land, for
  // what either invalidates must not be stored by the other; null: its own.
  TierStack(std::vector<TierSlot> slots, Sealer sealer, Recorder& recorder,
            std::shared_ptr<TierEpochs> epochs = nullptr);
  ~TierStack();

  // --- on reactors: non-blocking tiers only ---

  // True: `record` holds a fresh copy, of which `slot` tells the TTL. Allocates nothing once it has grown.
  bool get_fresh(std::string_view consumer, std::string& record, const TierSlot** slot) const;
  bool get_stale(std::string_view consumer, std::string& record) const;

  bool has_blocking() const { return has_blocking_; }
  // Whether every blocking tier is behind an open breaker: then it is no use to ask them.
  bool blocking_tiers_are_down(SteadyTime now) const;

  // --- on lane workers ---

  // The first copy that a blocking tier has, the wait per tier bounded by its read_timeout. A fresh one is
  // put into the tiers above. [may-block]
  std::optional<TierCopy> get_blocking(std::string_view consumer);

  // When the fetch of a record began, for fill: what was invalidated since is not stored.
  std::uint64_t epoch_of(std::string_view consumer) const;
  // False: the consumer was invalidated since `epoch`, nothing was stored.
  bool fill_local(std::string_view consumer, std::string_view record, std::uint64_t epoch);
  void fill_blocking(std::string_view consumer, std::string_view record, std::uint64_t epoch); // [may-block]

  // Removes the consumer from every tier, and through a remote tier from every instance. A tier that
  // cannot be reached owes it, and is not read for this consumer until that is settled; false if there was
  // one. [may-block]
  bool drop(std::string_view consumer);
  bool drop_all(); // [may-block]
  // Carries out deletions that tiers owe. For workers for whom nobody waits any more: it takes up to a
  // quarter of a second per tier, up to five seconds when all of a tier is owed. [may-block]
  void settle_debts();

  // --- from a remote tier, about what another instance did ---

  void invalidated(std::string_view remote_key);
  void resync();

  bool holds_anything() const; // in the non-blocking tiers
  std::vector<TierState> states() const;

 private:
  struct Guarded; // a blocking tier with its breaker and the deletions that it owes
  using Token = std::array<char, 32>;

  std::string_view local_key(std::string_view consumer, Token& buffer) const;
  std::string remote_key(std::string_view local_key) const;
  std::atomic<std::uint64_t>& epoch_slot(std::string_view local_key) const;
  void drop_local(std::string_view local_key);
  void clear_local();
  std::optional<TierCopy> read(Guarded& guarded, std::string_view local_key);
  void put_above(const Guarded& below, std::string_view local_key, std::string_view record, std::uint64_t epoch);
  bool failed(const TierSlot& slot, std::string_view operation, plugin::Status status, plugin::Call& call) const;

  template <class Operation>
  plugin::Status guard(Guarded& guarded, std::string_view name, plugin::Call& call, Operation&& operation);
  bool delete_now(Guarded& guarded, const std::string& key);
  bool clear_now(Guarded& guarded);
  void settle(Guarded& guarded);
  bool carry_out(Guarded& guarded, const std::string& key);

  std::vector<TierSlot> local_;
  std::vector<std::unique_ptr<Guarded>> blocking_;
  const Sealer sealer_;
  Recorder& recorder_;
  const bool has_blocking_;
  const bool hashes_keys_;
  const std::shared_ptr<TierEpochs> epochs_;
};

} // namespace authd::pipeline
