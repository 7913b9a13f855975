// SPDX-License-Identifier: Apache-2.0
#include "pipeline/secret_lookup.h"

#include <atomic>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace authd::pipeline {
namespace {

using plugin::Status;
using LaneKind = BlockingLane::Kind;

// How long past the breaker's timeout a worker goes on listening, so that a late answer still fills the
// cache. Kong itself gives up on its database after 5 s (pg_timeout), so nothing comes after that.
constexpr milliseconds kLateAnswerGrace{5000};
constexpr seconds kRetrySoon{1};
// A copy that was asked for in vain is not asked for again sooner, however often it is used.
constexpr milliseconds kAskAgain{1000};
constexpr std::size_t kFailedLately = 1 << 12; // entries of 32 bytes

Error refusal(Code code) {
  if (code == Code::no_credential) return {code, "The consumer has no JWT credential that authd can sign with", {}};
  return {code, "Invalid consumer credentials", {}};
}

Error too_slow() { return {Code::gateway_unavailable, "The API gateway is unavailable", kRetrySoon}; }

} // namespace

Found::~Found() { wipe(record.data(), record.size()); }

// Invariants: a flight stands in flights_ from take_off until it has landed or was given up as late; waiters are
// called at most once. queued -> [reading -> boarding ->] flying -> landed; boarding: it waits for a worker of the
// gateway's lane after the blocking tiers did not have what it looks for.
struct SecretLookup::Flight {
  enum class Phase { queued, reading, boarding, flying, landed };
  std::string consumer;
  bool refresh = false;   // of a copy that still signs: only one that is not due will do
  SteadyTime queue_end{}; // what waits for it gives up then, unless a worker has taken it
  Phase phase = Phase::queued;
  SteadyTime phase_end{};                // reading, boarding, flying: what waits for it gives up then
  std::shared_ptr<GuardedCalls> calls{}; // flying
  std::vector<Done> waiters;
  std::shared_ptr<const Found> remote_copy{}; // stale, from a blocking tier: better than nothing
  // Until when somebody waits. Atomic, because a lane asks for it.
  std::atomic<SteadyTime::rep> wanted_until{0};

  bool is_queued() const { return phase == Phase::queued || phase == Phase::boarding; }
  bool is_wanted(SteadyTime now) const { return now.time_since_epoch().count() < wanted_until.load(); }
  void want_until(SteadyTime end) {
    wanted_until = std::max(wanted_until.load(), end.time_since_epoch().count());
  }
};

SecretLookup::SecretLookup(LookupSettings settings, TierStack& tiers, const plugin::Gateway& gateway,
                           GatewayGuard& guard, GatewayHealth& health, Lanes& lanes, Recorder& recorder)
    : settings_(settings), tiers_(tiers), source_(gateway, health, settings.auto_provision), guard_(guard),
      health_(health), lanes_(lanes), recorder_(recorder), negative_(settings.negative_ttl),
      failed_lately_(kAskAgain, kFailedLately) {}

SecretLookup::~SecretLookup() = default;

// --- on reactors ---------------------------------------------------------------------------------------

bool SecretLookup::cached(std::string_view consumer, std::string& record) {
  const Freshness freshness = tiers_.get_local(consumer, record);
  const FreshnessRule may = rule(freshness);
  if (may.asks) ask_again(consumer, freshness);
  return may.signs;
}

void SecretLookup::ask_again(std::string_view consumer, Freshness freshness) {
  const SteadyTime now = steady_now();
  if (guard_.would_reject(GatewayUse::read, now) && tiers_.blocking_tiers_are_down(now)) return;
  if (failed_lately_.recall(consumer, now)) return;
  const std::lock_guard lock(mutex_);
  if (flights_.find(consumer) == flights_.end()) take_off(consumer, nullptr, freshness == Freshness::due);
}

SecretLookup::Begun SecretLookup::begin(std::string_view consumer, Done done) {
  if (auto result = answer_at_once(consumer)) return {std::move(result), nullptr};
  {
    const std::lock_guard lock(mutex_);
    // A flight fills the tiers before it leaves the table: whoever finds neither flight nor copy here is
    // the first.
    const auto it = flights_.find(consumer);
    auto found = std::make_shared<Found>();
    if (rule(tiers_.get_local(consumer, found->record)).signs) return {LookupResult(std::move(found)), nullptr};
    if (it != flights_.end()) {
      const FlightPtr flight = it->second;
      if (join(flight, std::move(done))) return {std::nullopt, flight};
    } else if (FlightPtr flight = take_off(consumer, std::move(done), false)) {
      return {std::nullopt, std::move(flight)};
    }
  }
  return {stale_or(consumer, overloaded(tiers_.has_blocking() ? lanes_.reads : lanes_.gateway)), nullptr};
}

std::optional<LookupResult> SecretLookup::answer_at_once(std::string_view consumer) {
  const SteadyTime now = steady_now();
  if (const auto code = negative_.recall(consumer, now)) return Failure<>(refusal(*code));
  // A blocking tier may still have a copy that a worker can fetch.
  if (auto refused = guard_.refusal(GatewayUse::read, now); refused && tiers_.blocking_tiers_are_down(now)) {
    return stale_or(consumer, std::move(*refused));
  }
  // A suspect copy that could not be confirmed a moment ago.
  auto found = std::make_shared<Found>();
  found->stale = true;
  if (tiers_.get_local(consumer, found->record) == Freshness::stale && failed_lately_.recall(consumer, now)) {
    return LookupResult(std::move(found));
  }
  return std::nullopt;
}

// Requires mutex_. False: nobody waited for it any more, and there is no room for it in time.
bool SecretLookup::join(const FlightPtr& flight, Done done) {
  const SteadyTime now = steady_now();
  const bool left_behind = flight->is_queued() && !flight->is_wanted(now);
  const SteadyTime until = now + settings_.breaker_timeout;
  flight->waiters.push_back(std::move(done));
  flight->want_until(until);
  // It stands behind all that is waited for, or soon will: a second job takes it to its place; the first to run
  // does the work.
  if (!left_behind) return true;
  flight->queue_end = flight->phase_end = until;
  if (enqueue(flight)) return true;
  flight->waiters.pop_back();
  return false;
}

// Requires mutex_. nullptr: there is no room in the lane in time. `done` null: nobody waits for it.
SecretLookup::FlightPtr SecretLookup::take_off(std::string_view consumer, Done done, bool refresh) {
  auto flight = std::make_shared<Flight>();
  flight->consumer = consumer;
  flight->refresh = refresh;
  flight->queue_end = steady_now() + settings_.breaker_timeout;
  if (done) flight->want_until(flight->queue_end);
  if (done) flight->waiters.push_back(std::move(done));
  if (!enqueue(flight)) return nullptr;
  flights_.emplace(flight->consumer, flight);
  return flight;
}

// Requires mutex_. Into the lane that its phase waits for.
bool SecretLookup::enqueue(const FlightPtr& flight) {
  const SteadyTime now = steady_now();
  const bool reads = flight->phase == Flight::Phase::queued && !tiers_.blocking_tiers_are_down(now);
  BlockingLane::Job job;
  job.kind = reads ? LaneKind::read : flight->is_wanted(now) ? LaneKind::lookup : LaneKind::refresh;
  job.run = [this, flight, reads] { return reads ? read(flight) : fly(flight); };
  job.discarded = [this, flight] { give_up(flight); };
  if (flight->is_wanted(now)) {
    job.wanted_until = [flight] { return SteadyTime(SteadyTime::duration(flight->wanted_until.load())); };
  }
  const auto patience = std::chrono::ceil<milliseconds>(flight->queue_end - now);
  return (reads ? lanes_.reads : lanes_.gateway).submit(std::move(job), std::max(patience, milliseconds(0)));
}

std::variant<SteadyTime, LookupResult> SecretLookup::on_deadline(const FlightPtr& flight) {
  using Phase = Flight::Phase;
  const SteadyTime now = steady_now();
  std::shared_ptr<GuardedCalls> calls;
  bool in_queue = false;
  {
    const std::lock_guard lock(mutex_);
    in_queue = flight->is_queued();
    // Landed: `done` has been called, its result is on the way to the reactor.
    if (flight->phase == Phase::landed) return now + settings_.breaker_timeout;
    if (flight->phase != Phase::queued && now < flight->phase_end) return flight->phase_end;
    if (!in_queue) leave_table(flight);
    calls = flight->calls;
  }
  if (in_queue) return stale_or(flight, overloaded(lanes_.gateway));
  if (calls) calls->expire();
  if (guard_.needs_probe()) health_.watch();
  return stale_or(flight, too_slow());
}

// --- on workers of the lane for reads ------------------------------------------------------------------

bool SecretLookup::read(const FlightPtr& flight) {
  bool refresh = false;
  {
    const std::lock_guard lock(mutex_);
    if (flight->phase != Flight::Phase::queued) return false;
    flight->phase = Flight::Phase::reading;
    flight->phase_end = steady_now() + settings_.breaker_timeout;
    refresh = flight->refresh && flight->waiters.empty();
  }
  auto copy = tiers_.get_blocking(flight->consumer, refresh);
  if (!copy || !take_copy(flight, std::move(*copy))) board(flight);
  tiers_.flush_deletions(); // now nobody waits for this worker
  return true;
}

// True: it was what the flight looked for, which has landed. One that is due is an answer, but the flight goes on to
// the gateway; a stale one is kept in case that fails.
bool SecretLookup::take_copy(const FlightPtr& flight, TierCopy copy) {
  const FreshnessRule may = rule(copy.freshness);
  auto found = std::make_shared<Found>();
  found->record = std::move(copy.record);
  found->stale = !may.signs;
  if (may.signs && !may.asks) {
    failed_lately_.forget(flight->consumer);
    land(flight, LookupResult(std::move(found)));
    return true;
  }
  if (may.signs) answer(flight, LookupResult(found));
  const std::lock_guard lock(mutex_);
  flight->remote_copy = std::move(found);
  if (may.signs) flight->refresh = true;
  return false;
}

void SecretLookup::board(const FlightPtr& flight) {
  if (auto refused = guard_.refusal(GatewayUse::read, steady_now())) return fail(flight, std::move(*refused));
  bool taken = false;
  {
    const std::lock_guard lock(mutex_);
    flight->phase = Flight::Phase::boarding;
    flight->phase_end = std::max(flight->queue_end, steady_now());
    if (flight->waiters.empty()) flight->wanted_until = 0; // it has answered those who waited
    taken = enqueue(flight);
  }
  if (!taken) fail(flight, overloaded(lanes_.gateway));
}

// --- on workers of the gateway's lane ------------------------------------------------------------------

bool SecretLookup::fly(const FlightPtr& flight) {
  const SteadyTime departed = steady_now();
  const SteadyTime patience = departed + settings_.breaker_timeout;
  const auto calls = std::make_shared<GuardedCalls>(guard_, settings_.breaker_timeout, recorder_);
  {
    const std::lock_guard lock(mutex_);
    if (!flight->is_queued()) return false;
    flight->phase = Flight::Phase::flying;
    flight->phase_end = patience;
    flight->calls = calls;
  }
  plugin::Call call(patience + kLateAnswerGrace);
  call.set_patience(patience);
  FetchMark mark = tiers_.mark(flight->consumer);
  GatewayAnswer answer = source_.find_or_create(call, flight->consumer, *calls);
  if (tiers_.was_invalidated(flight->consumer, mark)) {
    // Invalidated while the gateway was answering: the answer may be from before the change.
    mark = tiers_.mark(flight->consumer);
    answer = source_.find_or_create(call, flight->consumer, *calls);
  }
  if (guard_.needs_probe()) health_.watch();
  const bool gone = answer.kind == GatewayAnswer::Kind::unknown || answer.kind == GatewayAnswer::Kind::no_credential;
  const bool fetched = answer.kind == GatewayAnswer::Kind::found;
  const LookupResult result = conclude(flight, std::move(answer), mark);
  // Whoever waits does not wait for the slow tiers as well, unless they hold what must not be served again.
  if (gone) tiers_.drop(flight->consumer);
  land(flight, result);
  if (fetched) fill_blocking(flight, result, mark);
  return true;
}

LookupResult SecretLookup::conclude(const FlightPtr& flight, GatewayAnswer answer, const FetchMark& mark) {
  using Kind = GatewayAnswer::Kind;
  const std::string& consumer = flight->consumer;
  switch (answer.kind) {
  case Kind::found: {
    auto found = std::make_shared<Found>();
    CredentialRecord::encode(answer.selection, wall_now(), found->record);
    tiers_.fill_local(consumer, found->record, mark);
    negative_.forget(consumer);
    failed_lately_.forget(consumer);
    return LookupResult(std::move(found));
  }
  case Kind::unknown:
    negative_.remember(consumer, Code::unknown_consumer, steady_now());
    return Failure<>(refusal(Code::unknown_consumer));
  case Kind::no_credential:
    negative_.remember(consumer, Code::no_credential, steady_now());
    return authd::fail(Code::no_credential, std::move(answer.detail));
  case Kind::failed: break;
  }
  failed_lately_.remember(consumer, answer.error.code, steady_now());
  return stale_or(flight, std::move(answer.error));
}

// In the lane for reads: a tier that hangs holds up no worker of the gateway's. A copy for which there is no room
// there is one that the tier does not get.
void SecretLookup::fill_blocking(const FlightPtr& flight, const LookupResult& fetched, const FetchMark& mark) {
  if (!tiers_.has_blocking()) return;
  BlockingLane::Job job;
  job.kind = LaneKind::store;
  job.run = [this, flight, found = *fetched, mark] {
    tiers_.fill_blocking(flight->consumer, found->record, mark);
    tiers_.flush_deletions();
    return true;
  };
  static_cast<void>(lanes_.reads.submit(std::move(job)));
}

// --- landing -------------------------------------------------------------------------------------------

void SecretLookup::answer(const FlightPtr& flight, const LookupResult& result) {
  std::vector<Done> waiters;
  {
    const std::lock_guard lock(mutex_);
    waiters.swap(flight->waiters);
  }
  for (const Done& done : waiters) done(result);
}

void SecretLookup::land(const FlightPtr& flight, const LookupResult& result) {
  {
    const std::lock_guard lock(mutex_);
    flight->phase = Flight::Phase::landed;
    leave_table(flight);
  }
  answer(flight, result);
}

void SecretLookup::fail(const FlightPtr& flight, Error error) {
  failed_lately_.remember(flight->consumer, error.code, steady_now());
  land(flight, stale_or(flight, std::move(error)));
}

// A lane has no room for a flight that nobody waits for. Unless another job of it found somebody who does.
void SecretLookup::give_up(const FlightPtr& flight) {
  {
    const std::lock_guard lock(mutex_);
    if (!flight->is_queued() || flight->is_wanted(steady_now())) return;
  }
  fail(flight, overloaded(lanes_.gateway));
}

void SecretLookup::leave_table(const FlightPtr& flight) {
  const auto it = flights_.find(flight->consumer);
  if (it != flights_.end() && it->second == flight) flights_.erase(it);
}

// --- when there is nothing fresh -----------------------------------------------------------------------

LookupResult SecretLookup::stale_or(std::string_view consumer, Error error) {
  auto found = std::make_shared<Found>();
  found->stale = true;
  if (tiers_.get_stale(consumer, found->record)) return LookupResult(std::move(found));
  return Failure<>(std::move(error));
}

LookupResult SecretLookup::stale_or(const FlightPtr& flight, Error error) {
  LookupResult result = stale_or(flight->consumer, std::move(error));
  if (result) return result;
  const std::lock_guard lock(mutex_);
  if (flight->remote_copy) return LookupResult(flight->remote_copy);
  return result;
}

Error SecretLookup::overloaded(const BlockingLane& lane) const {
  return {Code::overloaded, "Too many lookups are waiting; try again",
          std::max(kRetrySoon, std::chrono::ceil<seconds>(lane.expected_wait()))};
}

bool SecretLookup::invalidate(std::string_view consumer) {
  negative_.forget(consumer);
  failed_lately_.forget(consumer);
  const bool all = tiers_.drop(consumer);
  if (all) tiers_.flush_deletions(); // they answer
  return all;
}

bool SecretLookup::invalidate_all() {
  negative_.forget_all();
  failed_lately_.forget_all();
  return tiers_.drop_all();
}

} // namespace authd::pipeline
