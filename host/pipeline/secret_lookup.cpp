// SPDX-License-Identifier: Apache-2.0
#include "pipeline/secret_lookup.h"

#include <utility>

#include "base/secret.h"

namespace authd::pipeline {
namespace {

using plugin::Status;

// How long past the breaker's timeout a worker goes on listening, so that a late answer still fills the
// cache. Kong itself gives up on its database after 5 s (pg_timeout), so nothing comes after that.
constexpr milliseconds kLateAnswerGrace{5000};
constexpr seconds kRetrySoon{1};

Error refusal(Code code) {
  if (code == Code::no_credential) return {code, "The consumer has no JWT credential that authd can sign with", {}};
  return {code, "Invalid consumer credentials", {}};
}

Error overloaded() { return {Code::overloaded, "Too many lookups are waiting; try again", kRetrySoon}; }

Error gateway_error(const plugin::Failure& failure) {
  const seconds wait = std::max(kRetrySoon, std::chrono::ceil<seconds>(failure.retry_after));
  return {Code::gateway_unavailable, "The API gateway is unavailable", wait};
}

// An unknown consumer says nothing about the gateway's health: whoever asks for such ids could dilute the
// failures of others.
CircuitBreaker::Outcome outcome_of(const GatewayAnswer& answer) {
  if (answer.kind == GatewayAnswer::Kind::failed) return CircuitBreaker::Outcome::failure;
  if (answer.kind == GatewayAnswer::Kind::unknown) return CircuitBreaker::Outcome::answered;
  return CircuitBreaker::Outcome::success;
}

} // namespace

Found::~Found() { wipe(record.data(), record.size()); }

// Invariants: a flight stands in flights_ from take_off until it has landed or was judged late; `judged`
// turns true once, and with it the breaker has been told; waiters are called at most once.
struct SecretLookup::Flight {
  enum class Phase { queued, reading, flying, landed }; // reading: a worker asks the blocking tiers
  std::string consumer;
  Phase phase = Phase::queued;
  SteadyTime departed{}; // when the reading began, then when the gateway was called
  std::optional<CircuitBreaker::Permit> permit;
  bool judged = false;
  std::vector<Done> waiters;
  std::shared_ptr<const Found> remote_copy; // stale, from a blocking tier: better than nothing
};

SecretLookup::SecretLookup(LookupSettings settings, TierStack& tiers, const plugin::Gateway& gateway,
                           CircuitBreaker& breaker, BlockingLane& lane, Recorder& recorder)
    : settings_(settings), tiers_(tiers), source_(gateway, settings.auto_provision, recorder),
      breaker_(breaker), lane_(lane), recorder_(recorder), negative_(settings.negative_ttl) {}

SecretLookup::~SecretLookup() = default;

// --- on reactors ---------------------------------------------------------------------------------------

bool SecretLookup::cached(std::string_view consumer, std::string& record) {
  const TierSlot* slot = nullptr;
  if (!tiers_.get_fresh(consumer, record, &slot)) return false;
  refresh_if_due(consumer, record, *slot);
  return true;
}

void SecretLookup::refresh_if_due(std::string_view consumer, std::string_view record, const TierSlot& slot) {
  if (settings_.refresh_ahead <= 0) return;
  const auto decoded = CredentialRecord::decode(record);
  const std::int64_t age_ms = unix_millis(wall_now()) - decoded->fetched_at_ms();
  const auto ttl_ms = static_cast<double>(slot.ttl.count());
  if (static_cast<double>(age_ms) < ttl_ms * (1.0 - settings_.refresh_ahead)) return;
  if (breaker_.would_reject(steady_now())) return;
  const std::lock_guard lock(mutex_);
  if (flights_.find(consumer) == flights_.end()) take_off(consumer, nullptr);
}

SecretLookup::Begun SecretLookup::begin(std::string_view consumer, Done done) {
  if (auto result = answer_at_once(consumer)) return {std::move(result), nullptr};
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = flights_.find(consumer); it != flights_.end()) {
      it->second->waiters.push_back(std::move(done));
      return {std::nullopt, it->second};
    }
    // A flight fills the tiers before it leaves the table: whoever finds neither flight nor copy here is
    // the first.
    auto found = std::make_shared<Found>();
    const TierSlot* slot = nullptr;
    if (tiers_.get_fresh(consumer, found->record, &slot)) return {LookupResult(std::move(found)), nullptr};
    if (FlightPtr flight = take_off(consumer, std::move(done))) return {std::nullopt, std::move(flight)};
  }
  return {stale_or(consumer, overloaded()), nullptr};
}

std::optional<LookupResult> SecretLookup::answer_at_once(std::string_view consumer) {
  const SteadyTime now = steady_now();
  if (const auto code = negative_.recall(consumer, now)) return Failure<>(refusal(*code));
  // A blocking tier may still have a copy that a worker can fetch.
  if (breaker_.would_reject(now) && tiers_.blocking_tiers_are_down(now)) {
    return stale_or(consumer, breaker_error());
  }
  return std::nullopt;
}

// Requires mutex_. nullptr: the lane is full.
SecretLookup::FlightPtr SecretLookup::take_off(std::string_view consumer, Done done) {
  auto flight = std::make_shared<Flight>();
  flight->consumer = consumer;
  if (done) flight->waiters.push_back(std::move(done));
  const bool taken = lane_.submit([this, flight] {
    fly(flight);
    tiers_.settle_debts(); // now that it has landed nobody waits for this worker
  });
  if (!taken) return nullptr;
  flights_.emplace(flight->consumer, flight);
  return flight;
}

std::variant<SteadyTime, LookupResult> SecretLookup::on_deadline(const FlightPtr& flight) {
  const SteadyTime now = steady_now();
  std::optional<CircuitBreaker::Permit> permit;
  bool queued = false;
  {
    const std::lock_guard lock(mutex_);
    queued = flight->phase == Flight::Phase::queued;
    // Landed: `done` has been called, its result is on the way to the reactor.
    if (flight->phase == Flight::Phase::landed) return now + settings_.breaker_timeout;
    if (flight->phase == Flight::Phase::reading || flight->phase == Flight::Phase::flying) {
      const SteadyTime due = flight->departed + settings_.breaker_timeout;
      if (now < due) return due;
      if (const auto it = flights_.find(flight->consumer); it != flights_.end() && it->second == flight) {
        flights_.erase(it);
      }
      permit = flight->permit;
    }
  }
  if (queued) return stale_or(flight, overloaded());
  if (permit) judge(flight, *permit, CircuitBreaker::Outcome::failure);
  return stale_or(flight, gateway_error({Status::timeout, 0, {}, {}}));
}

// --- on lane workers -----------------------------------------------------------------------------------

void SecretLookup::fly(const FlightPtr& flight) {
  if (tiers_.has_blocking() && read_blocking_tiers(flight)) return;
  CircuitBreaker::Permit permit;
  if (!board(flight, permit)) {
    land(flight, stale_or(flight, breaker_error()));
    return;
  }
  plugin::Call call(flight->departed + settings_.breaker_timeout + kLateAnswerGrace);
  call.set_patience(flight->departed + settings_.breaker_timeout);
  std::uint64_t epoch = tiers_.epoch_of(flight->consumer);
  GatewayAnswer answer = source_.find_or_create(call, flight->consumer);
  if (const std::uint64_t now = tiers_.epoch_of(flight->consumer); now != epoch) {
    // Invalidated while Kong was answering: the answer may be from before the change.
    epoch = now;
    answer = source_.find_or_create(call, flight->consumer);
  }
  const bool late = steady_now() - flight->departed > settings_.breaker_timeout;
  judge(flight, permit, late ? CircuitBreaker::Outcome::failure : outcome_of(answer));
  const bool gone = answer.kind == GatewayAnswer::Kind::unknown || answer.kind == GatewayAnswer::Kind::no_credential;
  const bool fetched = answer.kind == GatewayAnswer::Kind::found;
  const LookupResult result = conclude(flight, std::move(answer), epoch);
  // Whoever waits does not wait for the slow tiers as well, unless they hold what must not be served again.
  if (gone) tiers_.drop(flight->consumer);
  land(flight, result);
  if (fetched) tiers_.fill_blocking(flight->consumer, (*result)->record, epoch);
}

// True: a fresh copy was found and the flight has landed. A stale one is kept in case the gateway fails.
bool SecretLookup::read_blocking_tiers(const FlightPtr& flight) {
  {
    const std::lock_guard lock(mutex_);
    flight->phase = Flight::Phase::reading;
    flight->departed = steady_now();
  }
  auto copy = tiers_.get_blocking(flight->consumer);
  if (!copy) return false;
  auto found = std::make_shared<Found>();
  found->record = std::move(copy->record);
  found->stale = !copy->fresh;
  if (copy->fresh) {
    land(flight, LookupResult(std::move(found)));
    return true;
  }
  const std::lock_guard lock(mutex_);
  flight->remote_copy = std::move(found);
  return false;
}

bool SecretLookup::board(const FlightPtr& flight, CircuitBreaker::Permit& permit) {
  const SteadyTime now = steady_now();
  const CircuitBreaker::Admission admission = breaker_.acquire(now);
  report(admission.transition);
  if (!admission.permit) return false;
  permit = *admission.permit;
  const std::lock_guard lock(mutex_);
  flight->phase = Flight::Phase::flying;
  flight->departed = now;
  flight->permit = permit;
  return true;
}

LookupResult SecretLookup::conclude(const FlightPtr& flight, GatewayAnswer answer, std::uint64_t epoch) {
  using Kind = GatewayAnswer::Kind;
  switch (answer.kind) {
  case Kind::found: {
    auto found = std::make_shared<Found>();
    CredentialRecord::encode(answer.selection, wall_now(), found->record);
    tiers_.fill_local(flight->consumer, found->record, epoch);
    negative_.forget(flight->consumer);
    return LookupResult(std::move(found));
  }
  case Kind::unknown:
    negative_.remember(flight->consumer, Code::unknown_consumer, steady_now());
    return Failure<>(refusal(Code::unknown_consumer));
  case Kind::no_credential:
    negative_.remember(flight->consumer, Code::no_credential, steady_now());
    return fail(Code::no_credential, std::move(answer.detail));
  case Kind::failed: break;
  }
  return stale_or(flight, gateway_error(answer.failure));
}

void SecretLookup::land(const FlightPtr& flight, const LookupResult& result) {
  std::vector<Done> waiters;
  {
    const std::lock_guard lock(mutex_);
    flight->phase = Flight::Phase::landed;
    waiters.swap(flight->waiters);
    if (const auto it = flights_.find(flight->consumer); it != flights_.end() && it->second == flight) {
      flights_.erase(it);
    }
  }
  for (const Done& done : waiters) done(result);
}

void SecretLookup::judge(const FlightPtr& flight, CircuitBreaker::Permit permit,
                         CircuitBreaker::Outcome outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(flight->judged, true)) return;
  }
  report(breaker_.record(permit, outcome, steady_now()));
}

void SecretLookup::report(const std::optional<CircuitBreaker::Transition>& transition) {
  if (transition) recorder_.breaker_moved("gateway", *transition);
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

Error SecretLookup::breaker_error() const {
  const seconds wait = std::chrono::ceil<seconds>(breaker_.until_probe(steady_now()));
  return {Code::breaker_open, "The API gateway is failing; calls to it are suspended",
          std::max(kRetrySoon, wait)};
}

bool SecretLookup::invalidate(std::string_view consumer) {
  negative_.forget(consumer);
  const bool all = tiers_.drop(consumer);
  if (all) tiers_.settle_debts(); // they answer
  return all;
}

bool SecretLookup::invalidate_all() {
  negative_.forget_all();
  return tiers_.drop_all();
}

} // namespace authd::pipeline
