// SPDX-License-Identifier: Apache-2.0
#include "pipeline/secret_lookup.h"

#include <atomic>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/secret.h"

namespace authd::pipeline {
namespace {

using LaneKind = BlockingLane::Kind;

// How long past the breaker's timeout a worker goes on listening, so that a late answer still fills the
// cache. Kong itself gives up on its database after 5 s (pg_timeout), so nothing comes after that.
constexpr milliseconds kLateAnswerGrace{5000};
constexpr seconds kRetrySoon{1};
// A copy that was asked for in vain is not asked for again sooner, however often it is used.
constexpr milliseconds kAskAgain{1000};
// A remote tier may refuse for some seconds to store what was dropped (cache-redis: six). So the copy of a credential
// that was just made, which is dropped everywhere first, is refreshed sooner than others, and stored there then.
constexpr milliseconds kRefreshMadeWithin{30'000};
constexpr std::size_t kFailedLately = 1 << 12; // entries of 32 bytes

constexpr const char* kRemembered = "remembered from a lookup within lookup.negative_ttl";

Error refusal(Code code, std::string reason) {
  if (code == Code::no_credential) {
    return {code, "The consumer has no JWT credential that authd can sign with", {}, std::move(reason)};
  }
  return {code, "Invalid consumer credentials", {}, std::move(reason)};
}

std::string_view name_of_lane(bool reads) { return reads ? "reads of cache tiers" : "calls to the gateway"; }

// For operators, of what a stale copy stands in for.
std::string reason_of(const Error& error) {
  return fmt::format("{}: {}", describe(error.code).code, error.reason.empty() ? error.detail : error.reason);
}

} // namespace

Found::~Found() { wipe(record.data(), record.size()); }

// Invariants: a flight stands in flights_ from take_off until it has landed or was given up as late; waiters are
// called at most once. queued -> [reading -> boarding ->] flying -> landed; boarding: it waits for a worker of the
// gateway's lane after the blocking tiers did not have what it looks for.
struct SecretLookup::Flight {
  enum class Phase { queued, reading, boarding, flying, landed };
  std::string consumer;
  bool refresh = false;    // of a copy that still signs: only one that is not due will do
  SteadyTime read_begun{}; // by a worker
  SteadyTime queue_end{};  // what waits for it gives up then, unless a worker has taken it
  Phase phase = Phase::queued;
  SteadyTime phase_end{}; // reading, boarding, flying: what waits for it gives up then
  bool in_reads = false;  // the lane that it was enqueued in last
  unsigned jobs = 0;      // of it, in the lanes
  std::vector<Done> waiters;
  std::shared_ptr<const Found> remote_copy{}; // stale, from a blocking tier: better than nothing
  StepLog steps{};
  // Until when somebody waits. Atomic, because a lane asks for it.
  std::atomic<SteadyTime::rep> wanted_until{0};

  bool is_queued() const { return phase == Phase::queued || phase == Phase::boarding; }
  bool is_wanted(SteadyTime now) const { return now.time_since_epoch().count() < wanted_until.load(); }
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
  if (failed_lately_.recall(consumer, now)) return;
  if (suspended() && tiers_.blocking_tiers_are_down(now)) return;
  const std::lock_guard lock(mutex_);
  if (flights_.find(consumer) != flights_.end()) return;
  if (take_off(consumer, nullptr, freshness == Freshness::due)) return;
  failed_lately_.remember(consumer, Code::overloaded, now); // the lane has no room: not with the next hit again
}

// Why the gateway may not be asked. Whoever finds that out sees to it that somebody asks whether it is back.
std::optional<Error> SecretLookup::suspended() {
  auto refused = guard_.refusal(GatewayUse::read, steady_now(), recorder_);
  if (guard_.needs_probe()) health_.watch();
  return refused;
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
  const bool in_reads = reads_first(steady_now());
  return {stale_or(consumer, overloaded(in_reads, no_room(in_reads))), nullptr};
}

std::optional<LookupResult> SecretLookup::answer_at_once(std::string_view consumer) {
  const SteadyTime now = steady_now();
  if (const auto code = negative_.recall(consumer, now)) return Failure<>(refusal(*code, kRemembered));
  // A blocking tier may still have a copy that a worker can fetch.
  if (auto refused = suspended(); refused && tiers_.blocking_tiers_are_down(now)) {
    return stale_or(consumer, std::move(*refused));
  }
  // A suspect copy that could not be confirmed a moment ago.
  auto found = std::make_shared<Found>();
  found->stale = true;
  found->why_stale = "it was asked for in vain a moment ago";
  if (tiers_.get_local(consumer, found->record) == Freshness::stale && failed_lately_.recall(consumer, now)) {
    return LookupResult(std::move(found));
  }
  return std::nullopt;
}

// Requires mutex_. False: nobody waited for it any more, and there is no room for it in time.
bool SecretLookup::join(const FlightPtr& flight, Done done) {
  const SteadyTime now = steady_now();
  const SteadyTime until = now + settings_.breaker_timeout;
  const bool left_behind = flight->is_queued() && (flight->jobs == 0 || !flight->is_wanted(now));
  // It stands behind all that is waited for, or soon will: another job takes it to its place; the first to run does
  // the work.
  if (left_behind) {
    const auto wanted_before = flight->wanted_until.exchange(until.time_since_epoch().count());
    const auto ends_before = std::pair(flight->queue_end, flight->phase_end);
    flight->queue_end = flight->phase_end = until;
    if (!enqueue(flight)) {
      flight->wanted_until = wanted_before;
      std::tie(flight->queue_end, flight->phase_end) = ends_before;
      return false;
    }
  }
  flight->waiters.push_back(std::move(done));
  flight->wanted_until = until.time_since_epoch().count();
  return true;
}

// Requires mutex_. nullptr: there is no room in the lane in time. `done` null: nobody waits for it.
SecretLookup::FlightPtr SecretLookup::take_off(std::string_view consumer, Done done, bool refresh) {
  auto flight = std::make_shared<Flight>();
  flight->consumer = consumer;
  flight->refresh = refresh;
  flight->queue_end = steady_now() + settings_.breaker_timeout;
  if (done) flight->wanted_until = flight->queue_end.time_since_epoch().count();
  if (done) flight->waiters.push_back(std::move(done));
  if (!enqueue(flight)) return nullptr;
  flight->steps.begin("queue");
  flights_.emplace(flight->consumer, flight);
  return flight;
}

// Requires mutex_. Into the lane that its phase waits for.
bool SecretLookup::enqueue(const FlightPtr& flight) {
  const SteadyTime now = steady_now();
  const bool wanted = flight->is_wanted(now);
  const bool reads = flight->phase == Flight::Phase::queued && reads_first(now);
  BlockingLane::Job job;
  job.kind = reads ? LaneKind::read : wanted ? LaneKind::lookup : LaneKind::refresh;
  job.run = [this, flight, reads] { return reads ? read(flight) : fly(flight); };
  job.discarded = [this, flight] { give_up(flight); };
  if (wanted) job.wanted_until = [flight] { return SteadyTime(SteadyTime::duration(flight->wanted_until.load())); };
  // A tenth less than there is: service times vary, and who is refused should be so at once.
  const auto left = std::chrono::ceil<milliseconds>(flight->queue_end - now);
  const auto patience = std::max(left - left / 10, milliseconds(0));
  if (!(reads ? lanes_.reads : lanes_.gateway).submit(std::move(job), patience)) return false;
  flight->in_reads = reads;
  ++flight->jobs;
  return true;
}

std::variant<SteadyTime, LookupResult> SecretLookup::on_deadline(const FlightPtr& flight) {
  using Phase = Flight::Phase;
  const SteadyTime now = steady_now();
  bool in_queue = false;
  bool in_reads = false;
  {
    const std::lock_guard lock(mutex_);
    in_queue = flight->is_queued();
    in_reads = flight->in_reads;
    // Landed: `done` has been called, its result is on the way to the reactor.
    if (flight->phase == Phase::landed) return now + settings_.breaker_timeout;
    if (flight->phase != Phase::queued && now < flight->phase_end) return flight->phase_end;
    if (!in_queue) leave_table(flight);
  }
  if (in_queue) return stale_or(flight, overloaded(in_reads, waited_in_vain(in_reads)));
  static_cast<void>(suspended()); // the call has just become late, which may have opened the breaker
  return stale_or(flight, too_slow(flight));
}

// --- on workers of the lane for reads ------------------------------------------------------------------

bool SecretLookup::read(const FlightPtr& flight) {
  bool refresh = false;
  {
    const std::lock_guard lock(mutex_);
    --flight->jobs;
    if (flight->phase != Flight::Phase::queued) return false;
    flight->phase = Flight::Phase::reading;
    flight->read_begun = steady_now();
    flight->phase_end = flight->read_begun + settings_.breaker_timeout;
    refresh = flight->refresh && flight->waiters.empty();
  }
  flight->steps.end("ok");
  flight->steps.begin("read");
  auto copy = tiers_.get_blocking(flight->consumer, refresh);
  flight->steps.end(copy ? rule(copy->freshness).signs ? "hit" : "stale" : "miss");
  if (!copy || !take_copy(flight, std::move(*copy))) board(flight);
  flush_later();
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
  if (auto refused = suspended()) return fail(flight, std::move(*refused));
  bool taken = false;
  {
    const std::lock_guard lock(mutex_);
    flight->phase = Flight::Phase::boarding;
    flight->queue_end += steady_now() - flight->read_begun; // reading was no waiting for a worker
    flight->phase_end = flight->queue_end;
    if (flight->waiters.empty()) flight->wanted_until = 0; // it has answered those who waited
    flight->steps.begin("queue");
    taken = enqueue(flight);
  }
  if (taken) return;
  flight->steps.end("refused");
  fail(flight, overloaded(false, no_room(false)));
}

// --- on workers of the gateway's lane ------------------------------------------------------------------

bool SecretLookup::fly(const FlightPtr& flight) {
  const SteadyTime patience = steady_now() + settings_.breaker_timeout;
  {
    const std::lock_guard lock(mutex_);
    --flight->jobs;
    if (!flight->is_queued()) return false;
    flight->phase = Flight::Phase::flying;
    flight->phase_end = patience;
  }
  flight->steps.end("ok");
  GuardedCalls calls(guard_, recorder_, &flight->steps);
  Call call(patience + kLateAnswerGrace);
  call.set_patience(patience);
  const Fetched fetched = fetch(flight->consumer, call, calls);
  if (guard_.needs_probe()) health_.watch();
  const LookupResult result = conclude(flight, fetched);
  // Whoever waits does not wait for the slow tiers as well, unless they hold what must not be served again.
  if (fetched.answer.is_gone()) tiers_.drop(flight->consumer);
  land(flight, result);
  return calls.admitted() > 0 && steady_now() < patience;
}

SecretLookup::Fetched SecretLookup::fetch(const std::string& consumer, Call& call, GuardedCalls& calls) const {
  Fetched fetched{tiers_.mark(consumer), wall_now(), source_.find_or_create(call, consumer, calls)};
  if (!tiers_.was_invalidated(consumer, fetched.mark)) return fetched;
  // Invalidated while the gateway was answering: the answer may be from before the change.
  const FetchMark mark = tiers_.mark(consumer);
  const WallTime now = wall_now();
  Fetched again{mark, now, source_.find_or_create(call, consumer, calls)};
  if (fetched.answer.made && !again.answer.made) {
    again.answer.made = true;
    again.answer.id = std::move(fetched.answer.id);
  }
  return again;
}

LookupResult SecretLookup::conclude(const FlightPtr& flight, const Fetched& fetched) {
  using Kind = GatewayAnswer::Kind;
  const std::string& consumer = flight->consumer;
  const GatewayAnswer& answer = fetched.answer;
  const FetchMark mark = answer.made ? drop_before(flight, fetched) : fetched.mark;
  switch (answer.kind) {
  case Kind::found: {
    auto found = std::make_shared<Found>();
    // As old as the question: an answer that comes late does not replace that of a later one.
    CredentialRecord::encode(answer.selection, fetched.asked_at, found->record);
    negative_.forget(consumer);
    failed_lately_.forget(consumer);
    const bool refused_for_now = answer.made && tiers_.has_blocking();
    const milliseconds refresh_within = refused_for_now ? kRefreshMadeWithin : milliseconds::max();
    if (tiers_.fill_local(consumer, found->record, mark, refresh_within)) {
      fill_blocking(flight, found, mark);
    } else {
      flush_later();
    }
    return LookupResult(std::move(found));
  }
  case Kind::unknown:
    negative_.remember(consumer, Code::unknown_consumer, steady_now());
    return Failure<>(refusal(Code::unknown_consumer, answer.reason));
  case Kind::no_credential:
    negative_.remember(consumer, Code::no_credential, steady_now());
    return Failure<>(Error{Code::no_credential, answer.detail, {}, answer.reason});
  case Kind::failed:
    break;
  }
  failed_lately_.remember(consumer, answer.error.code, steady_now());
  if (answer.made) flush_later();
  return stale_or(flight, answer.error);
}

// Whoever makes a credential tells all who may have a copy of the one before: this process at once, the other instances
// through the blocking tiers, in the background, because the new token needs none of that.
FetchMark SecretLookup::drop_before(const FlightPtr& flight, const Fetched& made) {
  {
    const std::lock_guard lock(mutex_);
    flight->remote_copy = nullptr;
  }
  if (!made.answer.id.empty()) tiers_.drop_soon(made.answer.id, made.mark);
  return tiers_.drop_soon(flight->consumer, made.mark);
}

// In the lane for reads: a tier that hangs holds up no worker of the gateway's. A copy for which there is no room
// there is one that the tier does not get.
void SecretLookup::fill_blocking(const FlightPtr& flight, std::shared_ptr<const Found> found, const FetchMark& mark) {
  if (!tiers_.has_blocking()) return;
  BlockingLane::Job job;
  job.kind = LaneKind::store;
  job.run = [this, flight, found = std::move(found), mark] {
    tiers_.flush_deletions(); // first, because this consumer's may be among them
    tiers_.fill_blocking(flight->consumer, found->record, mark);
    flush_later();
    return true;
  };
  static_cast<void>(lanes_.reads.submit(std::move(job)));
}

// Pending deletions go last: nobody waits for them.
void SecretLookup::flush_later() {
  if (!tiers_.needs_flush()) return;
  BlockingLane::Job job;
  job.run = [this] {
    tiers_.flush_deletions();
    flush_later(); // a flush takes no longer than it may
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

// A lane has no room for a flight that nobody waits for. Unless it has another job.
void SecretLookup::give_up(const FlightPtr& flight) {
  bool in_reads = false;
  {
    const std::lock_guard lock(mutex_);
    if (--flight->jobs > 0 || !flight->is_queued()) return;
    in_reads = flight->in_reads;
  }
  fail(flight, overloaded(in_reads, no_room(in_reads)));
}

void SecretLookup::leave_table(const FlightPtr& flight) {
  const auto it = flights_.find(flight->consumer);
  if (it != flights_.end() && it->second == flight) flights_.erase(it);
}

// --- when there is nothing fresh -----------------------------------------------------------------------

LookupResult SecretLookup::stale_or(std::string_view consumer, Error error) {
  auto found = std::make_shared<Found>();
  found->stale = true;
  found->why_stale = reason_of(error);
  if (tiers_.get_stale(consumer, found->record)) return LookupResult(std::move(found));
  return Failure<>(std::move(error));
}

LookupResult SecretLookup::stale_or(const FlightPtr& flight, Error error) {
  LookupResult result = stale_or(flight->consumer, std::move(error));
  if (result) return result;
  const std::lock_guard lock(mutex_);
  if (!flight->remote_copy) return result;
  auto found = std::make_shared<Found>();
  found->record = flight->remote_copy->record;
  found->stale = flight->remote_copy->stale;
  if (found->stale) found->why_stale = reason_of(result.error());
  return LookupResult(std::move(found));
}

bool SecretLookup::reads_first(SteadyTime now) const { return !tiers_.blocking_tiers_are_down(now); }

Error SecretLookup::overloaded(bool in_reads, std::string reason) const {
  const BlockingLane& lane = in_reads ? lanes_.reads : lanes_.gateway;
  return {Code::overloaded, "Too many lookups are waiting; try again",
          std::max(kRetrySoon, std::chrono::ceil<seconds>(lane.expected_wait())), std::move(reason)};
}

std::string SecretLookup::no_room(bool in_reads) const {
  const BlockingLane& lane = in_reads ? lanes_.reads : lanes_.gateway;
  return fmt::format(
      "the queue for {} takes no more: {} wait, the next one for some {} ms, and a request waits for {} ms",
      name_of_lane(in_reads), lane.queued(), lane.expected_wait().count(), settings_.breaker_timeout.count());
}

std::string SecretLookup::waited_in_vain(bool in_reads) const {
  return fmt::format("no worker for {} was free within {} ms; {} wait", name_of_lane(in_reads),
                     settings_.breaker_timeout.count(), (in_reads ? lanes_.reads : lanes_.gateway).queued());
}

// What it waits for may end in this very moment: then the last step says how.
Error SecretLookup::too_slow(const FlightPtr& flight) const {
  const TimedSteps steps = flight->steps.so_far();
  const TimedStep* last = steps.last();
  std::string reason;
  if (last != nullptr) {
    const auto took = std::chrono::duration_cast<milliseconds>(last->duration).count();
    reason = steps.is_running() ? fmt::format("{}: no answer after {} ms", last->name, took)
                                : fmt::format("{}: {} after {} ms", last->name, last->result, took);
  }
  return {Code::gateway_unavailable, "The API gateway is unavailable", kRetrySoon, std::move(reason)};
}

TimedSteps SecretLookup::steps_of(const FlightPtr& flight) { return flight->steps.so_far(); }

// --- invalidation --------------------------------------------------------------------------------------

DropResult SecretLookup::forget(std::string_view name) {
  negative_.forget(name);
  failed_lately_.forget(name);
  DropResult result = tiers_.drop(name);
  if (result.told()) tiers_.flush_deletions(); // they answer
  return result;
}

DropResult SecretLookup::forget_all() {
  negative_.forget_all();
  failed_lately_.forget_all();
  return tiers_.drop_all();
}

// What stands under the given name goes first: that needs no gateway.
Invalidation SecretLookup::invalidate(std::string_view consumer) {
  using Consumer = Invalidation::Consumer;
  Invalidation done{Consumer::gateway_is_silent, forget(consumer)};
  GuardedCalls calls(guard_, recorder_);
  Call call(steady_now() + settings_.breaker_timeout);
  call.set_patience(call.deadline());
  const Identity identity = source_.identify(call, consumer, calls);
  if (identity.kind == Identity::Kind::unknown) done.consumer = Consumer::unknown;
  if (identity.kind != Identity::Kind::known) return done;
  done.consumer = Consumer::known;
  if (identity.id != consumer) done.dropped += forget(identity.id);
  return done;
}

} // namespace authd::pipeline
