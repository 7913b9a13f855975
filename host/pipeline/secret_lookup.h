// SPDX-License-Identifier: Apache-2.0
// Stage 2: the consumer's credentials, from the cache tiers or, guarded by the breaker, from the gateway.
//
//   cached()      on a reactor, never blocks: a fresh copy from the non-blocking tiers.
//   begin()       when there is none: an answer at once (known refusal, open breaker, full lane), or a
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
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "pipeline/blocking_lane.h"
#include "pipeline/circuit_breaker.h"
#include "pipeline/negative_memory.h"
#include "pipeline/provisioning.h"
#include "pipeline/recorder.h"
#include "pipeline/tier_stack.h"
#include "plugin/gateway.h"

namespace authd::pipeline {

// An encoded CredentialRecord, shared by all who waited for it.
struct Found {
  std::string record;
  bool stale = false;
  ~Found();
};
using LookupResult = Result<std::shared_ptr<const Found>>;

struct LookupSettings {
  milliseconds breaker_timeout{500}; // what a request waits for the gateway
  milliseconds negative_ttl{10'000};
  double refresh_ahead = 0.2; // fraction of the TTL; 0: off
  bool auto_provision = true;
};

class SecretLookup {
 public:
  // Called once, on a lane worker.
  using Done = std::function<void(const LookupResult&)>;
  struct Flight;
  using FlightPtr = std::shared_ptr<Flight>;

  struct Begun {
    std::optional<LookupResult> result; // set: the answer; `done` will not be called
    FlightPtr flight;                   // else: `done` will be called, unless on_deadline answers first
  };

  // All references must outlive it; the lane must have been stopped before it is destroyed.
  SecretLookup(LookupSettings settings, TierStack& tiers, const plugin::Gateway& gateway, CircuitBreaker& breaker,
               BlockingLane& lane, Recorder& recorder);
  ~SecretLookup();

  // True: `record` holds a fresh copy. Allocates nothing once `record` has grown.
  bool cached(std::string_view consumer, std::string& record);

  Begun begin(std::string_view consumer, Done done);

  // A later time: wait until then. Else: the answer; a result that still comes fills the cache only.
  std::variant<SteadyTime, LookupResult> on_deadline(const FlightPtr& flight);

  // When a request that begins now should first ask on_deadline.
  SteadyTime first_deadline() const { return steady_now() + settings_.breaker_timeout; }

  // Forgets a consumer, or everybody: every tier drops it, in every instance that shares a remote tier, and
  // what is being fetched meanwhile is not stored. False: a remote tier could not be told yet. Settles what tiers
  // owe, too: see TierStack::settle_debts. [may-block]
  bool invalidate(std::string_view consumer);
  bool invalidate_all();

  const TierStack& tiers() const { return tiers_; }
  const CircuitBreaker& breaker() const { return breaker_; }

 private:
  std::optional<LookupResult> answer_at_once(std::string_view consumer);
  FlightPtr take_off(std::string_view consumer, Done done);
  void refresh_if_due(std::string_view consumer, std::string_view record, const TierSlot& slot);

  void fly(const FlightPtr& flight);
  bool board(const FlightPtr& flight, CircuitBreaker::Permit& permit);
  LookupResult conclude(const FlightPtr& flight, GatewayAnswer answer, std::uint64_t epoch);
  void land(const FlightPtr& flight, const LookupResult& result);
  void judge(const FlightPtr& flight, CircuitBreaker::Permit permit, CircuitBreaker::Outcome outcome);
  void report(const std::optional<CircuitBreaker::Transition>& transition);

  bool read_blocking_tiers(const FlightPtr& flight);
  LookupResult stale_or(std::string_view consumer, Error error);
  LookupResult stale_or(const FlightPtr& flight, Error error);
  Error breaker_error() const;

  const LookupSettings settings_;
  TierStack& tiers_;
  const CredentialSource source_;
  CircuitBreaker& breaker_;
  BlockingLane& lane_;
  Recorder& recorder_;
  NegativeMemory negative_;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  // Guards the table and every flight's fields. Never held across a call that may block.
  std::mutex mutex_;
  std::unordered_map<std::string, FlightPtr, TextHash, std::equal_to<>> flights_;
};

} // namespace authd::pipeline
