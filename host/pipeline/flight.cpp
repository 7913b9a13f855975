// SPDX-License-Identifier: Apache-2.0
#include "pipeline/flight.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "secrets/secret.h"

namespace authd::pipeline {
namespace {

using LaneKind = BlockingLane::Kind;

constexpr seconds kRetrySoon{1};

// The step that took too long may end at this moment: then the reason says how.
Error too_slow(const TimedSteps& steps) {
  const TimedStep* last = steps.last();
  std::string reason;
  if (last != nullptr) {
    const auto took = std::chrono::duration_cast<milliseconds>(last->duration).count();
    reason = steps.is_running() ? fmt::format("{}: no answer after {} ms", last->name, took)
                                : fmt::format("{}: {} after {} ms", last->name, last->result, took);
  }
  return {Code::gateway_unavailable, "The API gateway is unavailable", kRetrySoon, std::move(reason)};
}

} // namespace

Found::~Found() { wipe(record.data(), record.size()); }

Result<FlightPtr> FlightTable::join_or_start(std::string_view consumer, LookupDone done,
                                             const std::function<bool()>& has_copy, const TraceContext& trace) {
  const std::lock_guard lock(mutex_);
  if (has_copy()) return FlightPtr();
  if (const auto it = flights_.find(consumer); it != flights_.end()) {
    if (join(it->second, std::move(done))) {
      it->second->steps.adopt(trace); // nobody may have waited so far
      recorder_.lookup_event(LookupEvent::coalesced);
      return it->second;
    }
  } else if (FlightPtr flight = start(consumer, std::move(done), false)) {
    flight->steps.adopt(trace);
    return flight;
  }
  return Failure<>(no_worker(stages_.can_read(steady_now())));
}

bool FlightTable::start_in_background(std::string_view consumer, bool refresh) {
  const std::lock_guard lock(mutex_);
  if (flights_.find(consumer) != flights_.end()) return true;
  if (start(consumer, nullptr, refresh) == nullptr) return false;
  if (refresh) recorder_.lookup_event(LookupEvent::refresh_ahead);
  return true;
}

// False: no request waited for it any more, and its lane has no room for it in time.
bool FlightTable::join(const FlightPtr& flight, LookupDone done) {
  const SteadyTime now = steady_now();
  const SteadyTime until = now + timeout_;
  const bool has_lost_its_place = flight->is_queued() && (flight->jobs_ == 0 || !flight->is_wanted(now));
  if (has_lost_its_place && !enqueue_again(flight, until)) return false;
  flight->waiters_.push_back(std::move(done));
  flight->wanted_until_ = until.time_since_epoch().count();
  return true;
}

// Its job goes, or soon will, behind all jobs that requests wait for. So another job is submitted; the first to run
// does the work.
bool FlightTable::enqueue_again(const FlightPtr& flight, SteadyTime until) {
  const auto wanted_before = flight->wanted_until_.exchange(until.time_since_epoch().count());
  const SteadyTime end_before = std::exchange(flight->phase_end_, until);
  if (enqueue(flight)) return true;
  flight->wanted_until_ = wanted_before;
  flight->phase_end_ = end_before;
  return false;
}

// nullptr: its lane has no room for it in time. `done` null: no request waits for it.
FlightPtr FlightTable::start(std::string_view consumer, LookupDone done, bool refresh) {
  auto flight = std::make_shared<Flight>(consumer, refresh);
  flight->phase_end_ = steady_now() + timeout_;
  if (done) {
    flight->wanted_until_ = flight->phase_end_.time_since_epoch().count();
    flight->waiters_.push_back(std::move(done));
  }
  if (!enqueue(flight)) return nullptr;
  flight->steps.begin("queue");
  flights_.emplace(flight->consumer, flight);
  return flight;
}

bool FlightTable::enqueue(const FlightPtr& flight) {
  const SteadyTime now = steady_now();
  const bool wanted = flight->is_wanted(now);
  const bool reads = flight->phase_ == Flight::Phase::queued && stages_.can_read(now);
  BlockingLane::Job job;
  job.kind = reads ? LaneKind::read : wanted ? LaneKind::lookup : LaneKind::refresh;
  job.run = [this, flight, reads] { return run(flight, reads); };
  job.discarded = [this, flight] { discard(flight); };
  if (wanted) job.wanted_until = [flight] { return SteadyTime(SteadyTime::duration(flight->wanted_until_.load())); };
  // A tenth less than there is: service times vary, and a request that is refused should be refused at once.
  const auto left = std::chrono::ceil<milliseconds>(flight->phase_end_ - now);
  const auto patience = std::max(left - left / 10, milliseconds(0));
  if (!(reads ? lanes_.reads : lanes_.gateway).submit(std::move(job), patience)) {
    recorder_.lookup_event(LookupEvent::lane_rejected);
    return false;
  }
  flight->in_reads_ = reads;
  ++flight->jobs_;
  return true;
}

// --- on workers ----------------------------------------------------------------------------------------

// False: another job of the flight has run before.
bool FlightTable::run(const FlightPtr& flight, bool reads) {
  const SteadyTime now = steady_now();
  bool for_refresh = false;
  {
    const std::lock_guard lock(mutex_);
    --flight->jobs_;
    if (reads ? flight->phase_ != Flight::Phase::queued : !flight->is_queued()) return false;
    flight->phase_ = reads ? Flight::Phase::reading : Flight::Phase::fetching;
    flight->queue_left_ = flight->phase_end_ - now;
    flight->phase_end_ = now + timeout_;
    for_refresh = flight->refresh_ && flight->waiters_.empty();
  }
  flight->steps.end("ok");
  if (!reads) return stages_.fetch(flight, now + timeout_);
  stages_.read(flight, for_refresh);
  return true;
}

std::optional<Error> FlightTable::requeue(const FlightPtr& flight) {
  const std::lock_guard lock(mutex_);
  flight->phase_ = Flight::Phase::requeued;
  flight->phase_end_ = steady_now() + flight->queue_left_;
  if (flight->waiters_.empty()) flight->wanted_until_ = 0; // they have been answered
  flight->steps.begin("queue");
  if (enqueue(flight)) return std::nullopt;
  flight->steps.end("refused");
  return no_worker(false);
}

// A lane has no room any more for a job that no request waits for. The flight fails, unless it has another job.
void FlightTable::discard(const FlightPtr& flight) {
  std::unique_lock lock(mutex_);
  if (--flight->jobs_ > 0 || !flight->is_queued()) return;
  Error error = no_worker(flight->in_reads_);
  lock.unlock();
  stages_.fail(flight, std::move(error));
}

void FlightTable::answer(const FlightPtr& flight, const LookupResult& result) {
  std::vector<LookupDone> waiters;
  {
    const std::lock_guard lock(mutex_);
    waiters.swap(flight->waiters_);
  }
  for (const LookupDone& done : waiters) done(result);
}

void FlightTable::complete(const FlightPtr& flight, const LookupResult& result) {
  {
    const std::lock_guard lock(mutex_);
    flight->phase_ = Flight::Phase::complete;
    remove(flight);
  }
  answer(flight, result);
}

void FlightTable::remove(const FlightPtr& flight) {
  const auto it = flights_.find(flight->consumer);
  if (it != flights_.end() && it->second == flight) flights_.erase(it);
}

void FlightTable::set_fallback(const FlightPtr& flight, std::shared_ptr<const Found> copy) {
  const std::lock_guard lock(mutex_);
  flight->fallback_ = std::move(copy);
}

std::shared_ptr<const Found> FlightTable::fallback(const FlightPtr& flight) const {
  const std::lock_guard lock(mutex_);
  return flight->fallback_;
}

// --- patience ------------------------------------------------------------------------------------------

std::variant<SteadyTime, Error> FlightTable::on_deadline(const FlightPtr& flight) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = steady_now();
  if (flight->phase_ == Flight::Phase::complete) return now + timeout_; // its result is on the way to the reactor
  if (flight->phase_ != Flight::Phase::queued && now < flight->phase_end_) return flight->phase_end_;
  if (flight->is_queued()) return no_worker(flight->in_reads_);
  remove(flight);
  return too_slow(flight->steps.so_far());
}

Error FlightTable::no_worker(bool in_reads) const {
  const BlockingLane& lane = in_reads ? lanes_.reads : lanes_.gateway;
  const milliseconds wait = lane.expected_wait();
  return {Code::overloaded, "Too many lookups are waiting; try again",
          std::max(kRetrySoon, std::chrono::ceil<seconds>(wait)),
          fmt::format("no worker for {} is free within {} ms: {} queued, expected wait {} ms",
                      in_reads ? "reads of cache tiers" : "calls to the gateway", timeout_.count(), lane.queued(),
                      wait.count())};
}

} // namespace authd::pipeline
