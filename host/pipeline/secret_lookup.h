// SPDX-License-Identifier: Apache-2.0
// Stage 2: the consumer's credentials, from the cache tiers or, guarded by the breakers, from the gateway.
//
//   cached()      on a reactor, never blocks: a copy from the local tiers that may sign.
//   begin()       when there is none: an answer at once (known refusal, open breaker, overload), or a
//                 place in the one flight that is under way for this consumer.
//   on_deadline() when the flight takes too long: more patience, or the stale copy, or the refusal.
//
// What happens when is the table in docs/lookup.md. [thread-safe]
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>

#include "base/clock.h"
#include "base/result.h"
#include "pipeline/blocking_lane.h"
#include "pipeline/gateway_guard.h"
#include "pipeline/gateway_health.h"
#include "pipeline/issuance.h"
#include "pipeline/negative_memory.h"
#include "pipeline/provisioning.h"
#include "pipeline/recorder.h"
#include "pipeline/step_log.h"
#include "pipeline/tier_stack.h"
#include "plugin/gateway.h"

namespace authd::pipeline {

// An encoded CredentialRecord, shared by all who waited for it.
struct Found {
  std::string record;
  bool stale = false;
  std::string why_stale{}; // for operators: why there was nothing better
  ~Found();
};
using LookupResult = Result<std::shared_ptr<const Found>>;

struct LookupSettings {
  milliseconds breaker_timeout{500}; // what a request waits for a worker, and then for the gateway
  milliseconds negative_ttl{10'000};
  bool auto_provision = true;
};

// Reads of tiers have workers of their own, so that a gateway that hangs holds up none of them.
struct Lanes {
  BlockingLane reads;
  BlockingLane gateway;
  Lanes(std::size_t workers, std::size_t max_queued) : reads(workers, max_queued), gateway(workers, max_queued) {}
  // The gateway's first: its jobs hand copies to the other's.
  void stop() {
    gateway.stop();
    reads.stop();
  }
};

class SecretLookup {
 public:
  // Called at most once, on a worker.
  using Done = std::function<void(const LookupResult&)>;
  struct Flight;
  using FlightPtr = std::shared_ptr<Flight>;

  struct Begun {
    std::optional<LookupResult> result; // set: the answer; `done` will not be called
    FlightPtr flight;                   // else: `done` will be called, unless on_deadline answers first
  };

  // All references must outlive it; the lanes must have been stopped before it is destroyed.
  SecretLookup(LookupSettings settings, TierStack& tiers, const plugin::Gateway& gateway, GatewayGuard& guard,
               GatewayHealth& health, Lanes& lanes, Recorder& recorder);
  ~SecretLookup();

  // True: `record` holds a copy that may sign. Allocates nothing once `record` has grown.
  bool cached(std::string_view consumer, std::string& record);

  Begun begin(std::string_view consumer, Done done);

  // A later time: wait until then. Else: the answer; a result that still comes fills the cache only.
  std::variant<SteadyTime, LookupResult> on_deadline(const FlightPtr& flight);

  // What the flight has spent its time on so far, for whoever waits for it, or did.
  static TimedSteps steps_of(const FlightPtr& flight);

  // When a request that begins now should first ask on_deadline.
  SteadyTime first_deadline() const { return steady_now() + settings_.breaker_timeout; }

  // Forgets what stands under a name, or everything: every tier drops it, in every instance that shares a remote
  // tier, and what is being fetched meanwhile is not stored. Carries out pending deletions, too: see
  // TierStack::flush_deletions. [may-block]
  DropResult forget(std::string_view name);
  DropResult forget_all();
  // The same of a consumer by id or username: what stands under either is dropped, as far as the gateway tells the
  // id. It is asked once, for at most breaker.timeout. [may-block]
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
  std::optional<LookupResult> answer_at_once(std::string_view consumer);
  void ask_again(std::string_view consumer, Freshness freshness);
  bool join(const FlightPtr& flight, Done done);
  FlightPtr take_off(std::string_view consumer, Done done, bool refresh);
  bool enqueue(const FlightPtr& flight);
  bool reads_first(SteadyTime now) const; // blocking tiers, before the gateway
  std::optional<Error> suspended();

  // --- on workers ---
  bool read(const FlightPtr& flight);
  bool take_copy(const FlightPtr& flight, TierCopy copy);
  void board(const FlightPtr& flight);
  bool fly(const FlightPtr& flight);
  Fetched fetch(const std::string& consumer, Call& call, GuardedCalls& calls) const;
  LookupResult conclude(const FlightPtr& flight, const Fetched& fetched);
  FetchMark drop_before(const FlightPtr& flight, const Fetched& made);
  void fill_blocking(const FlightPtr& flight, std::shared_ptr<const Found> found, const FetchMark& mark);
  void flush_later();
  void answer(const FlightPtr& flight, const LookupResult& result);
  void land(const FlightPtr& flight, const LookupResult& result);
  void fail(const FlightPtr& flight, Error error);
  void give_up(const FlightPtr& flight);
  void leave_table(const FlightPtr& flight); // requires mutex_

  LookupResult stale_or(std::string_view consumer, Error error);
  LookupResult stale_or(const FlightPtr& flight, Error error);
  Error overloaded(bool in_reads, std::string reason) const;
  std::string no_room(bool in_reads) const;
  std::string waited_in_vain(bool in_reads) const;
  Error too_slow(const FlightPtr& flight) const;

  const LookupSettings settings_;
  TierStack& tiers_;
  const CredentialSource source_;
  GatewayGuard& guard_;
  GatewayHealth& health_;
  Lanes& lanes_;
  Recorder& recorder_;
  NegativeMemory negative_;
  NegativeMemory failed_lately_; // whose copies nobody need ask for again yet

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  // Guards the table and every flight's fields. Never held across a call that may block.
  std::mutex mutex_;
  std::unordered_map<std::string, FlightPtr, TextHash, std::equal_to<>> flights_;
};

} // namespace authd::pipeline
