// SPDX-License-Identifier: Apache-2.0
// Single flight: concurrent lookups of one consumer share one flight, which runs on workers in these phases:
//
//   queued -> [reading -> requeued ->] fetching -> complete
//
//   reading   of the blocking tiers; left out if none can be read
//   requeued  they did not have what it looks for: it waits for a worker of the gateway's lane
//   fetching  from the gateway
//
// A flight is in the table from its start until it is complete or too late. Each waiter is called at most once.
#pragma once

#include <atomic>
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
#include "pipeline/blocking_lane.h"
#include "pipeline/recorder.h"
#include "pipeline/step_log.h"

namespace authd::pipeline {

// An encoded CredentialRecord, shared by all waiters.
struct Found {
  std::string record;
  bool stale = false;
  std::string why_stale{}; // for operators: why there was nothing better
  ~Found();                // wipes the record
};
using LookupResult = Result<std::shared_ptr<const Found>>;
using LookupDone = std::function<void(const LookupResult&)>; // called on a worker

class Flight {
 public:
  Flight(std::string_view of, bool is_refresh) : consumer(of), refresh_(is_refresh) {}

  const std::string consumer;
  StepLog steps{};

 private:
  friend class FlightTable;
  enum class Phase { queued, reading, requeued, fetching, complete };

  bool is_queued() const { return phase_ == Phase::queued || phase_ == Phase::requeued; }
  bool is_wanted(SteadyTime now) const { return now.time_since_epoch().count() < wanted_until_.load(); }

  const bool refresh_; // of a copy that still signs: only one that is not due will do
  Phase phase_ = Phase::queued;
  SteadyTime phase_end_{};             // waiters give up then
  SteadyTime::duration queue_left_{0}; // while reading: what is left of the time in queues
  bool in_reads_ = false;              // the lane that it was submitted to last
  unsigned jobs_ = 0;                  // of it, in the lanes
  std::vector<LookupDone> waiters_;
  std::shared_ptr<const Found> fallback_{};
  std::atomic<SteadyTime::rep> wanted_until_{0}; // until when a request waits; lanes read it without the table's lock
};
using FlightPtr = std::shared_ptr<Flight>;

// What a flight does in its phases. Called on workers, except can_read.
class FlightStages {
 public:
  virtual bool can_read(SteadyTime now) const = 0; // some blocking tier; also called on reactors
  // Must complete the flight or requeue it.
  virtual void read(const FlightPtr& flight, bool for_refresh) = 0;
  // Must complete the flight. Waiters give up at `patience`. False: its duration says nothing about the next one's.
  virtual bool fetch(const FlightPtr& flight, SteadyTime patience) = 0;
  // Must complete the flight.
  virtual void fail(const FlightPtr& flight, Error error) = 0;

 protected:
  ~FlightStages() = default;
};

// [thread-safe]
class FlightTable {
 public:
  // `timeout`: what a request waits for workers in all, and then for each of reading and fetching. References must
  // outlive the table; the lanes must have been stopped before it is destroyed.
  FlightTable(milliseconds timeout, Lanes& lanes, FlightStages& stages, Recorder& recorder)
      : timeout_(timeout), lanes_(lanes), stages_(stages), recorder_(recorder) {}

  // The consumer's flight, which is started if there is none. nullptr: not needed, for `has_copy`, which is called
  // under the lock that complete() takes, returned true. AUTH_014: no worker would be free in time.
  // `trace`: of the request that will wait.
  Result<FlightPtr> join_or_start(std::string_view consumer, LookupDone done, const std::function<bool()>& has_copy,
                                  const TraceContext& trace = {});
  // Unless the consumer has a flight, starts one that no request waits for. False: its lane is full.
  bool start_in_background(std::string_view consumer, bool refresh);

  // After reading, for the gateway's lane. AUTH_014: no worker would be free in time.
  std::optional<Error> requeue(const FlightPtr& flight);
  // Calls the waiters so far; the flight goes on.
  void answer(const FlightPtr& flight, const LookupResult& result);
  void complete(const FlightPtr& flight, const LookupResult& result);

  // A copy from a blocking tier, for when the gateway fails; null: none.
  void set_fallback(const FlightPtr& flight, std::shared_ptr<const Found> copy);
  std::shared_ptr<const Found> fallback(const FlightPtr& flight) const;

  // For a waiter whose deadline has passed: when to ask again, or why it should give up (AUTH_014 in a queue,
  // AUTH_004 on a worker; then the next lookup starts another flight).
  std::variant<SteadyTime, Error> on_deadline(const FlightPtr& flight);

 private:
  // These require mutex_.
  bool join(const FlightPtr& flight, LookupDone done);
  bool enqueue_again(const FlightPtr& flight, SteadyTime until);
  FlightPtr start(std::string_view consumer, LookupDone done, bool refresh);
  bool enqueue(const FlightPtr& flight);
  void remove(const FlightPtr& flight);

  bool run(const FlightPtr& flight, bool reads);
  void discard(const FlightPtr& flight);
  Error no_worker(bool in_reads) const;

  const milliseconds timeout_;
  Lanes& lanes_;
  FlightStages& stages_;
  Recorder& recorder_;

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  // Guards the table and every flight's private fields. Never held across a call that may block.
  mutable std::mutex mutex_;
  std::unordered_map<std::string, FlightPtr, TextHash, std::equal_to<>> flights_;
};

} // namespace authd::pipeline
