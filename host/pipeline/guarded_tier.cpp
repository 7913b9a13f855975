// SPDX-License-Identifier: Apache-2.0
#include "pipeline/guarded_tier.h"

#include <algorithm>
#include <utility>

#include "pipeline/credential.h"
#include "secrets/secret.h"

namespace authd::pipeline {
namespace {

// A deletion may take longer than a read, because what it leaves behind would be served again.
constexpr milliseconds kDeleteTimeout{250};
// An operator who invalidates does wait.
constexpr milliseconds kClearTimeout{5000};
// A tier that failed to store a copy is given another one no sooner: each attempt may hold a worker for
// its read_timeout, although the tier still answers reads and its breaker stays closed (a read-only Redis).
constexpr milliseconds kStorePause{1000};
// What asking a tier how it is may take at least: nobody waits for that, and it may have to connect anew.
constexpr milliseconds kPollTimeout{250};
// How long a worker goes on with pending deletions; the next one goes on from there.
constexpr milliseconds kFlushTime{250};
// A plugin that goes on this long after its deadline has not kept it.
constexpr milliseconds kOverrun{50};

// A tier that is down is probed again every second; three failures within ten seconds put it there, or five
// in a row: when a busy tier begins to hang, its thousands of successes in the window would outweigh the few
// failures that workers collect, a read_timeout each, and until then every request waits for them.
constexpr CircuitBreaker::Settings kBreaker{50, milliseconds(1000), milliseconds(10'000), 10, 3, 5};

} // namespace

GuardedTier::GuardedTier(TierSlot slot, FreshnessClock clock, const Sealer& sealer, std::string prefix,
                         Recorder& recorder)
    : slot_(std::move(slot)), clock_(clock), sealer_(sealer), prefix_(std::move(prefix)), recorder_(recorder),
      breaker_(kBreaker), pending_(slot_.pending ? slot_.pending : std::make_shared<PendingDeletions>()) {}

// Runs one operation behind the tier's breaker; CallStatus::cancelled when the breaker refuses.
template <class Operation>
CallStatus GuardedTier::guard(std::string_view name, Call& call, Operation&& operation) {
  const auto admission = breaker_.acquire(steady_now());
  if (admission.transition) recorder_.breaker_moved(slot_.tier.name(), *admission.transition);
  if (!admission.permit) {
    recorder_.breaker_refused(slot_.tier.name(), name);
    return CallStatus::cancelled;
  }
  const CallStatus status = operation();
  recorder_.breaker_passed(slot_.tier.name(), name, result_of(status));
  const bool overran = call.deadline() < steady_now() - kOverrun;
  if (overran) recorder_.tier_failed({slot_.tier.name(), name, CallStatus::timeout, "it exceeded its deadline"});
  const bool good = !failed(name, status, call) && !overran;
  // A tier that refuses writes at once may still answer reads, as a read-only Redis does: only what holds up a worker
  // counts. Whether the tier is away, reads find out.
  const bool refused = is_write(name) && status != CallStatus::timeout && !overran;
  const auto outcome = good      ? CircuitBreaker::Outcome::success
                       : refused ? CircuitBreaker::Outcome::unjudged
                                 : CircuitBreaker::Outcome::failure;
  const auto moved = breaker_.record(*admission.permit, outcome, steady_now());
  if (moved) recorder_.breaker_moved(slot_.tier.name(), *moved);
  return status;
}

bool GuardedTier::failed(std::string_view operation, CallStatus status, Call& call) {
  if (is_answer(status)) {
    tracker_.note(operation, CallStatus::ok);
    return false;
  }
  CallFailure failure = call.take_failure(status);
  recorder_.tier_failed({slot_.tier.name(), operation, status, failure.message});
  tracker_.note(operation, status, std::move(failure.message));
  return true;
}

// One read by get_stale serves both questions, for the record itself says when it was fetched.
TierRead GuardedTier::read(const std::string& key) {
  if (pending_->covers(key)) return {};
  const SteadyTime start = steady_now();
  Call call(start + slot_.read_timeout);
  std::string envelope;
  const CallStatus status = guard("get", call, [&] { return slot_.tier.get_stale(call, key, envelope); });
  const auto took = steady_now() - start;
  auto copy = status == CallStatus::ok ? open(key, envelope) : std::nullopt;
  if (!copy) {
    const CallStatus outcome = status == CallStatus::ok ? CallStatus::not_found : status;
    report(TierOperation::get, outcome, took);
    return {std::nullopt, result_of(TierOperation::get, outcome)};
  }
  const CallResult result = rule(copy->freshness).signs ? CallResult::hit : CallResult::stale;
  recorder_.tier_called({slot_.tier.name(), TierOperation::get, result, took});
  return {std::move(copy), result};
}

// What a tier had under the key; nullopt: nothing that may be used.
std::optional<TierCopy> GuardedTier::open(const std::string& key, std::string& envelope) {
  TierCopy copy;
  auto opened = Sealer::Opened::value;
  if (slot_.tier.leaves_process()) {
    opened = sealer_.open(key, envelope, copy.record);
  } else {
    copy.record.swap(envelope);
  }
  const bool readable = opened == Sealer::Opened::value;
  const auto record = readable ? CredentialRecord::decode(copy.record) : std::nullopt;
  if (!record) {
    cannot_read(key, opened);
    return std::nullopt;
  }
  copy.fetched_at_ms = record->fetched_at_ms();
  copy.freshness = clock_.of_remote(copy.fetched_at_ms, slot_.ttl, slot_.stale);
  if (copy.freshness == Freshness::gone) return std::nullopt;
  return copy;
}

// Unless the breaker refused it.
void GuardedTier::report(TierOperation operation, CallStatus status, std::chrono::nanoseconds took) const {
  if (status == CallStatus::cancelled) return;
  recorder_.tier_called({slot_.tier.name(), operation, result_of(operation, status), took});
}

template <class Operation>
CallStatus GuardedTier::timed(TierOperation name, Call& call, Operation&& operation) {
  const SteadyTime start = steady_now();
  const CallStatus status = guard(name_of(name), call, operation);
  report(name, status, steady_now() - start);
  return status;
}

void GuardedTier::cannot_read(const std::string& key, Sealer::Opened opened) {
  if (opened == Sealer::Opened::other_keys) {
    // While keys are rotated instances have different lists: to delete it would take it from all that can open it.
    recorder_.tier_failed({slot_.tier.name(), "open", CallStatus::denied,
                           "a value is sealed with a key that is not in lookup.encryption_keys; it was not deleted"});
    return;
  }
  // Garbage, or another program's value: it will not get better.
  recorder_.tier_failed(
      {slot_.tier.name(), "open", CallStatus::corrupt, "a value is corrupt or not authd's; it was deleted"});
  delete_now(key);
}

void GuardedTier::store(const std::string& key, std::string_view record, const std::function<bool()>& invalidated) {
  if (pending_->covers(key) || invalidated() || !may_store(steady_now())) return;
  std::string envelope;
  if (slot_.tier.leaves_process()) sealer_.seal(key, record, envelope);
  const std::string_view value = slot_.tier.leaves_process() ? std::string_view(envelope) : record;
  // No longer than a read: when the tier hangs, every worker may be in here, and requests wait for one.
  Call call(steady_now() + slot_.read_timeout);
  stored(is_answer(
      timed(TierOperation::set, call, [&] { return slot_.tier.set(call, key, value, slot_.ttl, slot_.stale); })));
  wipe(envelope.data(), envelope.size());
  if (invalidated()) remove(key); // that deletion may have come before this copy
}

// After a store that failed, one worker at a time finds out whether the tier stores again.
bool GuardedTier::may_store(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (stores_fail_ && now < next_store_) return false;
  next_store_ = now + kStorePause;
  return true;
}

void GuardedTier::stored(bool good) {
  const std::lock_guard lock(mutex_);
  stores_fail_ = !good;
  if (!good) next_store_ = steady_now() + kStorePause;
}

std::optional<RateVerdict> GuardedTier::take(const std::string& key, const Gcra& rule, milliseconds window) {
  Call call(steady_now() + slot_.read_timeout);
  plugin::TierVerdict counted;
  const CallStatus status =
      timed(TierOperation::take, call, [&] { return slot_.tier.take(call, key, rule.limit(), window, counted); });
  if (status != CallStatus::ok) return std::nullopt;
  RateVerdict verdict = rule.verdict(counted.allowed, std::chrono::nanoseconds(counted.reset).count());
  verdict.shared = true;
  verdict.remaining = counted.remaining;
  if (!counted.allowed) verdict.next = counted.retry_after;
  return verdict;
}

// --- how it is -----------------------------------------------------------------------------------------

void GuardedTier::poll() {
  ask_how_it_is();
  if (!pending_->covers_all()) flush();
}

void GuardedTier::ask_how_it_is() {
  const bool tells = slot_.tier.health_when_blocking();
  if (tells && !poll_health()) return;
  if (slot_.tier.stats_when_blocking()) poll_stats(tells);
}

// While the breaker is open it is asked past it, and in silence: a backend that is away for hours is no news every
// second.
bool GuardedTier::poll_health() {
  Call call(steady_now() + std::max(slot_.read_timeout, kPollTimeout));
  plugin::Health health;
  const bool closed = is_closed();
  const CallStatus status =
      closed ? guard("health", call, [&] { return ask_health(call, health); }) : ask_health(call, health);
  if (!closed && is_answer(status)) {
    if (const auto moved = breaker_.recover(steady_now())) recorder_.breaker_moved(slot_.tier.name(), *moved);
    guard("health", call, [] { return CallStatus::ok; });
  }
  tracker_.note_health(std::move(health), is_answer(status));
  return is_answer(status);
}

// CallStatus::ok unless it is down; the call then has the reason.
CallStatus GuardedTier::ask_health(Call& call, plugin::Health& health) const {
  health = slot_.tier.health(call);
  if (health.state != plugin::Health::State::down) return CallStatus::ok;
  const CallStatus status = is_answer(health.status) ? CallStatus::unavailable : health.status;
  call.record({status, 0, milliseconds(0), health.detail});
  return status;
}

// Where the tier says how it is, its statistics are no evidence of that.
void GuardedTier::poll_stats(bool tells_health) {
  Call call(steady_now() + slot_.read_timeout);
  plugin::TierStats stats;
  const auto ask = [&] { return slot_.tier.read_stats(call, stats); };
  if (tells_health) {
    ask();
  } else {
    guard("stats", call, ask);
  }
  tracker_.note_stats(stats);
}

// --- deletions -----------------------------------------------------------------------------------------

TierDrop GuardedTier::remove(const std::string& key) {
  const CallStatus status = delete_now(key);
  if (!is_answer(status)) pending_->add(key);
  return drop_of(slot_.tier, status);
}

TierDrop GuardedTier::remove_all() {
  const CallStatus status = clear_now();
  if (!is_answer(status)) pending_->add_all();
  return clear_of(slot_.tier, status, std::nullopt);
}

// Never all instead of too many: they would be for consumers who are new, and have copies nowhere.
void GuardedTier::remove_later(const std::string& key) {
  if (pending_->add_if_room(key)) return;
  recorder_.tier_failed({slot_.tier.name(), "del", CallStatus::unavailable,
                         "too many deletions are pending; other instances are not told that a credential was created"});
}

CallStatus GuardedTier::delete_now(const std::string& key) {
  Call call(steady_now() + kDeleteTimeout);
  return timed(TierOperation::del, call, [&] { return slot_.tier.del(call, key); });
}

CallStatus GuardedTier::clear_now() {
  Call call(steady_now() + kClearTimeout);
  return timed(TierOperation::clear, call, [&] { return slot_.tier.clear(call, prefix_); });
}

// Behind the breaker, as all else: a tier that is still away costs one worker one attempt, and soon none.
void GuardedTier::flush() {
  if (!pending_->begin_flush(steady_now())) return;
  const SteadyTime end = steady_now() + kFlushTime;
  while (const auto deletion = pending_->next()) {
    const bool good = carry_out(deletion->key);
    if (good) pending_->done(*deletion);
    if (!good || steady_now() >= end) return pending_->end_flush(!good, steady_now());
  }
}

bool GuardedTier::carry_out(const std::string& key) {
  if (!key.empty()) return is_answer(delete_now(key));
  // While all is to be deleted nothing is read: whether the tier answers must be found out here, and in less than
  // the time that clearing it may take.
  std::string ignored;
  Call probe(steady_now() + slot_.read_timeout);
  const CallStatus status = guard("get", probe, [&] { return slot_.tier.get_stale(probe, prefix_, ignored); });
  return is_answer(status) && is_answer(clear_now());
}

} // namespace authd::pipeline
