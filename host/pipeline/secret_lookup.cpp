// SPDX-License-Identifier: Apache-2.0
#include "pipeline/secret_lookup.h"

#include <utility>

#include <fmt/format.h>

#include "base/trace_ids.h"

namespace authd::pipeline {
namespace {

// How long past the breaker's timeout a worker goes on listening, so that a late answer still fills the
// cache. Kong itself gives up on its database after 5 s (pg_timeout), so nothing comes after that.
constexpr milliseconds kLateAnswerGrace{5000};
// A refresh that failed is not repeated sooner, however often the copy is used.
constexpr milliseconds kAskAgain{1000};
// A remote tier may refuse for some seconds to store what was dropped (cache-redis: six). So the copy of a credential
// that was just made, which is dropped everywhere first, is refreshed sooner than others, and stored there then.
constexpr milliseconds kRefreshMadeWithin{30'000};
constexpr std::size_t kFailedLately = 1 << 12; // entries of 32 bytes

Error refusal(Code code, std::string reason) {
  if (code == Code::no_credential) {
    return {code, "The consumer has no JWT credential that authd can sign with", {}, std::move(reason)};
  }
  return {code, "Invalid consumer credentials", {}, std::move(reason)};
}

// For operators, of what a stale copy stands in for.
std::string reason_of(const Error& error) {
  return fmt::format("{}: {}", describe(error.code).code, error.reason.empty() ? error.detail : error.reason);
}

} // namespace

SecretLookup::SecretLookup(LookupSettings settings, TierStack& tiers, const plugin::Gateway& gateway,
                           GatewayGuard& guard, GatewayHealth& health, Lanes& lanes, Recorder& recorder)
    : settings_(settings), tiers_(tiers), source_(gateway, health, settings.creates), guard_(guard), health_(health),
      lanes_(lanes), recorder_(recorder), negative_(settings.negative_ttl), failed_lately_(kAskAgain, kFailedLately),
      flights_(settings.breaker_timeout, lanes, *this, recorder) {}

// --- on reactors ---------------------------------------------------------------------------------------

bool SecretLookup::cached(std::string_view consumer, std::string& record, LocalReads* reads) {
  const Freshness freshness = tiers_.get_local(consumer, record, true, reads);
  const FreshnessRule may = rule(freshness);
  if (may.asks) ask_again(consumer, freshness);
  return may.signs;
}

void SecretLookup::ask_again(std::string_view consumer, Freshness freshness) {
  const SteadyTime now = steady_now();
  if (failed_lately_.recall(consumer, now)) return;
  if (suspended() && tiers_.blocking_tiers_are_down(now)) return;
  if (flights_.start_in_background(consumer, freshness == Freshness::due)) return;
  failed_lately_.remember(consumer, Code::overloaded, now); // so that the next hit does not try again
}

// Why the gateway must not be called now. Also has it probed, so that its recovery is noticed.
std::optional<Error> SecretLookup::suspended() {
  auto refused = guard_.refusal(GatewayUse::read, steady_now(), recorder_);
  if (guard_.needs_probe()) health_.watch();
  return refused;
}

SecretLookup::Begun SecretLookup::begin(std::string_view consumer, LookupDone done, const TraceContext& trace) {
  if (auto result = answer_at_once(consumer)) return {std::move(result), nullptr};
  auto found = std::make_shared<Found>();
  // A flight fills the tiers before it leaves the table: a request that finds neither flight nor copy is the first.
  const auto has_copy = [&] { return rule(tiers_.get_local(consumer, found->record, false)).signs; };
  auto flight = flights_.join_or_start(consumer, std::move(done), has_copy, trace);
  if (!flight) return {stale_or(consumer, std::move(flight.error())), nullptr};
  if (*flight == nullptr) return {LookupResult(std::move(found)), nullptr};
  return {std::nullopt, std::move(*flight)};
}

std::optional<LookupResult> SecretLookup::answer_at_once(std::string_view consumer) {
  const SteadyTime now = steady_now();
  if (const auto code = negative_.recall(consumer, now)) {
    return Failure<>(refusal(*code, "remembered from a lookup within lookup.negative_ttl"));
  }
  // A blocking tier may still have a copy that a worker can fetch.
  if (auto refused = suspended(); refused && tiers_.blocking_tiers_are_down(now)) {
    recorder_.breaker_refused(breaker_name(GatewayUse::read), "list");
    return stale_or(consumer, std::move(*refused));
  }
  // A suspect copy that could not be confirmed a moment ago.
  auto found = std::make_shared<Found>();
  found->stale = true;
  found->why_stale = "its last refresh failed less than a second ago";
  if (tiers_.get_local(consumer, found->record, false) == Freshness::stale && failed_lately_.recall(consumer, now)) {
    return LookupResult(std::move(found));
  }
  return std::nullopt;
}

std::variant<SteadyTime, LookupResult> SecretLookup::on_deadline(const FlightPtr& flight) {
  auto verdict = flights_.on_deadline(flight);
  if (const auto* later = std::get_if<SteadyTime>(&verdict)) return *later;
  auto& error = std::get<Error>(verdict);
  if (error.code == Code::gateway_unavailable) suspended(); // the call is late now, which may have opened the breaker
  return stale_or(flight, std::move(error));
}

// --- on workers of the lane for reads ------------------------------------------------------------------

void SecretLookup::read(const FlightPtr& flight, bool for_refresh) {
  auto copy = tiers_.get_blocking(flight->consumer, for_refresh, &flight->steps);
  if (!copy || !take_copy(flight, std::move(*copy))) go_on_to_gateway(flight);
  flush_later();
}

// True: the flight is complete. A copy that is due answers those who wait, but the flight goes on to the gateway; a
// stale one is kept in case that fails.
bool SecretLookup::take_copy(const FlightPtr& flight, TierCopy copy) {
  const FreshnessRule may = rule(copy.freshness);
  auto found = std::make_shared<Found>();
  found->record = std::move(copy.record);
  found->stale = !may.signs;
  if (may.signs && !may.asks) {
    failed_lately_.forget(flight->consumer);
    flights_.complete(flight, LookupResult(std::move(found)));
    return true;
  }
  if (may.signs) flights_.answer(flight, LookupResult(found));
  flights_.set_fallback(flight, std::move(found));
  return false;
}

void SecretLookup::go_on_to_gateway(const FlightPtr& flight) {
  auto refused = suspended();
  if (refused) recorder_.breaker_refused(breaker_name(GatewayUse::read), "list");
  if (!refused) refused = flights_.requeue(flight);
  if (refused) fail(flight, std::move(*refused));
}

// --- on workers of the gateway's lane ------------------------------------------------------------------

bool SecretLookup::fetch(const FlightPtr& flight, SteadyTime patience) {
  GuardedCalls calls(guard_, recorder_, &flight->steps);
  // Kept if no request has waited so far.
  const TraceContext own = begin_span({}, {}, settings_.trace_sample_ratio, trace_ids_of_thread());
  flight->steps.adopt(own);
  const OwnedTrace trace = flight->steps.owner();
  const LookupResult result = fetch_for(flight, patience, trace.context(), calls);
  if (own.sampled && trace.context().span == own.span) report_refresh(flight, result);
  return calls.admitted() > 0 && steady_now() < patience;
}

LookupResult SecretLookup::fetch_for(const FlightPtr& flight, SteadyTime patience, const TraceContext& trace,
                                     GuardedCalls& calls) {
  Call call(patience + kLateAnswerGrace);
  call.set_patience(patience);
  call.set_trace(trace);
  const Fetched fetched = ask_gateway(flight->consumer, call, calls);
  if (guard_.needs_probe()) health_.watch();
  LookupResult result = conclude(flight, fetched);
  // Waiters are answered before the slow tiers are filled, but after these have dropped what must not be served again.
  if (fetched.answer.is_gone()) tiers_.drop(flight->consumer);
  flights_.complete(flight, result);
  return result;
}

void SecretLookup::report_refresh(const FlightPtr& flight, const LookupResult& result) {
  const StepLog::Report report = flight->steps.report();
  const std::string_view outcome = !result ? describe(result.error().code).code : (*result)->stale ? "stale" : "ok";
  recorder_.refreshed({report.steps, report.attempts, report.owner.context(), outcome});
}

SecretLookup::Fetched SecretLookup::ask_gateway(const std::string& consumer, Call& call, GuardedCalls& calls) const {
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
  const FetchMark mark = answer.made ? drop_older_copies(flight, fetched) : fetched.mark;
  switch (answer.kind) {
  case Kind::found:
    return store(flight, fetched, mark);
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

LookupResult SecretLookup::store(const FlightPtr& flight, const Fetched& fetched, const FetchMark& mark) {
  auto found = std::make_shared<Found>();
  // As old as the question: an answer that comes late does not replace that of a later one.
  CredentialRecord::encode(fetched.answer.selection, fetched.asked_at, found->record);
  negative_.forget(flight->consumer);
  failed_lately_.forget(flight->consumer);
  const bool refused_for_now = fetched.answer.made && tiers_.has_blocking();
  const milliseconds refresh_within = refused_for_now ? kRefreshMadeWithin : milliseconds::max();
  if (tiers_.fill_local(flight->consumer, found->record, mark, refresh_within)) {
    fill_blocking(flight, found, mark);
  } else {
    flush_later();
  }
  return LookupResult(std::move(found));
}

// A credential was made: copies are of one that Kong does not have any more. This process drops them at once, other
// instances hear of it through the blocking tiers, in the background, because the new token does not depend on that.
FetchMark SecretLookup::drop_older_copies(const FlightPtr& flight, const Fetched& made) {
  flights_.set_fallback(flight, nullptr);
  if (!made.answer.id.empty()) tiers_.drop_soon(made.answer.id, made.mark);
  return tiers_.drop_soon(flight->consumer, made.mark);
}

// In the lane for reads: a tier that hangs holds up no worker of the gateway's. If that lane is full, the tiers do not
// get the copy.
void SecretLookup::fill_blocking(const FlightPtr& flight, std::shared_ptr<const Found> found, const FetchMark& mark) {
  if (!tiers_.has_blocking()) return;
  lanes_.reads.submit_background(BlockingLane::Kind::store, [this, flight, found = std::move(found), mark] {
    tiers_.flush_deletions(); // first, because this consumer's may be among them
    tiers_.fill_blocking(flight->consumer, found->record, mark);
    flush_later();
  });
}

void SecretLookup::flush_later() {
  if (!tiers_.needs_flush()) return;
  lanes_.reads.submit_background(BlockingLane::Kind::other, [this] {
    tiers_.flush_deletions();
    flush_later(); // a flush ends when its time is up
  });
}

void SecretLookup::fail(const FlightPtr& flight, Error error) {
  failed_lately_.remember(flight->consumer, error.code, steady_now());
  flights_.complete(flight, stale_or(flight, std::move(error)));
}

// --- when there is nothing fresh -----------------------------------------------------------------------

LookupResult SecretLookup::stale_or(std::string_view consumer, Error error) {
  auto found = std::make_shared<Found>();
  found->stale = true;
  found->why_stale = reason_of(error);
  const bool has_copy = tiers_.get_stale(consumer, found->record);
  recorder_.fell_back(has_copy);
  if (has_copy) return LookupResult(std::move(found));
  return Failure<>(std::move(error));
}

// The copy in a local tier, or the one that a blocking tier had before the gateway was asked.
LookupResult SecretLookup::stale_or(const FlightPtr& flight, Error error) {
  const auto fallback = flights_.fallback(flight);
  auto found = std::make_shared<Found>();
  found->stale = true;
  found->why_stale = reason_of(error);
  const bool is_local = tiers_.get_stale(flight->consumer, found->record);
  recorder_.fell_back(is_local || fallback != nullptr);
  if (is_local) return LookupResult(std::move(found));
  if (fallback == nullptr) return Failure<>(std::move(error));
  found->record = fallback->record;
  found->stale = fallback->stale;
  if (!found->stale) found->why_stale.clear();
  return LookupResult(std::move(found));
}

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

// What is cached under the given name goes first: that needs no gateway.
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
