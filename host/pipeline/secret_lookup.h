// SPDX-License-Identifier: Apache-2.0
// Stage 2: the consumer's credentials, from the cache tiers or, guarded by the breakers, from the gateway.
//
//   cached()      on a reactor, never blocks: a copy from the local tiers that may sign.
//   begin()       when there is none: an answer at once (known refusal, open breaker, overload), or the
//                 consumer's flight (see flight.h).
//   on_deadline() when the flight takes too long: more patience, or the stale copy, or the refusal.
//
// What happens when is the table in docs/lookup.md. [thread-safe]
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "pipeline/blocking_lane.h"
#include "pipeline/flight.h"
#include "pipeline/gateway_guard.h"
#include "pipeline/gateway_health.h"
#include "pipeline/issuance.h"
#include "pipeline/negative_memory.h"
#include "pipeline/provisioning.h"
#include "pipeline/recorder.h"
#include "pipeline/tier_stack.h"
#include "plugin/gateway.h"

namespace authd::pipeline {

struct LookupSettings {
  milliseconds breaker_timeout{500}; // what a request waits for a worker, and then for the gateway
  milliseconds negative_ttl{10'000};
  std::optional<Algorithm> creates = Algorithm::hs256; // credentials; nullopt: none
  double trace_sample_ratio = 0.1;                     // of lookups that no request causes: 0 to 1
};

class SecretLookup final : private FlightStages {
 public:
  struct Begun {
    std::optional<LookupResult> result; // set: the answer; `done` will not be called
    FlightPtr flight;                   // else: `done` will be called, unless on_deadline answers first
  };

  // All references must outlive it; the lanes must have been stopped before it is destroyed.
  SecretLookup(LookupSettings settings, TierStack& tiers, const plugin::Gateway& gateway, GatewayGuard& guard,
               GatewayHealth& health, Lanes& lanes, Recorder& recorder);

  // True: `record` holds a copy that may sign. Allocates nothing once `record` has grown. `reads`: where it is noted
  // which tiers were asked; null: nowhere.
  bool cached(std::string_view consumer, std::string& record, LocalReads* reads = nullptr);

  // `done` is called at most once. `trace`: of the request that waits.
  Begun begin(std::string_view consumer, LookupDone done, const TraceContext& trace = {});

  // A later time: wait until then. Else: the answer; a result that still comes fills the cache only.
  std::variant<SteadyTime, LookupResult> on_deadline(const FlightPtr& flight);

  // When a request that begins now should first ask on_deadline.
  SteadyTime first_deadline() const { return steady_now() + settings_.breaker_timeout; }

  // Removes what is cached under a name, or everything: from every tier, in every instance that shares a remote
  // tier, and what is being fetched meanwhile is not stored. Carries out pending deletions, too: see
  // TierStack::flush_deletions. [may-block]
  DropResult forget(std::string_view name);
  DropResult forget_all();
  // The same of a consumer by id or username: what is cached under either is removed, as far as the gateway tells
  // the id. It is asked once, for at most breaker.timeout. [may-block]
  Invalidation invalidate(std::string_view consumer);
  Invalidation invalidate_all() { return {Invalidation::Consumer::everybody, forget_all()}; }

  // What it could do now. `gateway`: its last probe. [thread-safe]
  Issuance issuance(const plugin::Health& gateway) const {
    return judge_issuance(gateway, guard_, tiers_, steady_now(), recorder_);
  }
  const TierStack& tiers() const { return tiers_; }
  const GatewayGuard& guard() const { return guard_; }

 private:
  struct Fetched {
    FetchMark mark;    // when the gateway was asked
    WallTime asked_at; // then, too
    GatewayAnswer answer;
  };

  // --- on reactors ---
  void ask_again(std::string_view consumer, Freshness freshness);
  std::optional<LookupResult> answer_at_once(std::string_view consumer);
  std::optional<Error> suspended();

  // --- on workers ---
  bool can_read(SteadyTime now) const override { return !tiers_.blocking_tiers_are_down(now); }
  void read(const FlightPtr& flight, bool for_refresh) override;
  bool take_copy(const FlightPtr& flight, TierCopy copy);
  void go_on_to_gateway(const FlightPtr& flight);
  bool fetch(const FlightPtr& flight, SteadyTime patience) override;
  LookupResult fetch_for(const FlightPtr& flight, SteadyTime patience, const TraceContext& trace, GuardedCalls& calls);
  void report_refresh(const FlightPtr& flight, const LookupResult& result);
  Fetched ask_gateway(const std::string& consumer, Call& call, GuardedCalls& calls) const;
  LookupResult conclude(const FlightPtr& flight, const Fetched& fetched);
  LookupResult store(const FlightPtr& flight, const Fetched& fetched, const FetchMark& mark);
  FetchMark drop_older_copies(const FlightPtr& flight, const Fetched& made);
  void fill_blocking(const FlightPtr& flight, std::shared_ptr<const Found> found, const FetchMark& mark);
  void flush_later();
  void fail(const FlightPtr& flight, Error error) override;

  LookupResult stale_or(std::string_view consumer, Error error);
  LookupResult stale_or(const FlightPtr& flight, Error error);

  const LookupSettings settings_;
  TierStack& tiers_;
  const CredentialSource source_;
  GatewayGuard& guard_;
  GatewayHealth& health_;
  Lanes& lanes_;
  Recorder& recorder_;
  NegativeMemory negative_;
  NegativeMemory failed_lately_; // consumers whose copies are not to be refreshed yet
  FlightTable flights_;
};

} // namespace authd::pipeline
