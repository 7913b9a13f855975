// SPDX-License-Identifier: Apache-2.0
#include "pipeline/tier_stack.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "pipeline/credential.h"
#include "pipeline/hmac.h"

namespace authd::pipeline {
namespace {

constexpr std::string_view kRemotePrefix = "authd:v1:";
// Not a prefix of the one above: what is cleared there is not what is counted here.
constexpr std::string_view kCountPrefix = "authd:rate:v1:";

std::string remote_key(std::string_view local_key) { return std::string(kRemotePrefix).append(local_key); }

std::vector<TierSlot> those_that_block(const std::vector<TierSlot>& slots, bool block) {
  std::vector<TierSlot> some;
  for (const TierSlot& slot : slots)
    if (slot.tier.nonblocking() != block) some.push_back(slot);
  return some;
}

} // namespace

TierStack::TierStack(std::vector<TierSlot> slots, FreshnessClock clock, Sealer sealer, Recorder& recorder,
                     std::shared_ptr<TierHistory> history)
    : sealer_(std::move(sealer)), hashes_keys_(sealer_.encrypts() && !those_that_block(slots, true).empty()),
      history_(history ? std::move(history) : std::make_shared<TierHistory>()),
      local_(those_that_block(slots, false), clock, history_, recorder) {
  for (TierSlot& slot : those_that_block(slots, true))
    guarded_.push_back(
        std::make_unique<GuardedTier>(std::move(slot), clock, sealer_, std::string(kRemotePrefix), recorder));
}

// --- keys ----------------------------------------------------------------------------------------------

// All tiers go by the same name of a consumer, so that what a remote tier reports can be found in the
// others: its id, or a digest of it where the name leaves the process and a cache key asks for discretion.
std::string_view TierStack::local_key(std::string_view consumer, Token& buffer) const {
  if (!hashes_keys_) return consumer;
  buffer = hex_of_first<16>(sha256("authd cache name 1:", consumer));
  return {buffer.data(), buffer.size()};
}

std::atomic<std::uint64_t>& TierStack::epoch_slot(std::string_view local_key) const {
  return history_->epochs[std::hash<std::string_view>{}(local_key) % history_->epochs.size()];
}

FetchMark TierStack::mark_of(std::string_view local_key) const {
  return {epoch_slot(local_key).load(), history_->channels.current()};
}

FetchMark TierStack::mark(std::string_view consumer) const {
  Token buffer;
  return mark_of(local_key(consumer, buffer));
}

bool TierStack::was_invalidated(std::string_view consumer, const FetchMark& since) const {
  return mark(consumer).epoch != since.epoch;
}

// --- local tiers ---------------------------------------------------------------------------------------

Freshness TierStack::get_local(std::string_view consumer, std::string& record, bool reports, LocalReads* reads) const {
  Token buffer;
  return local_.get(local_key(consumer, buffer), record, reports, reads);
}

bool TierStack::get_stale(std::string_view consumer, std::string& record) const {
  Token buffer;
  return local_.get_stale(local_key(consumer, buffer), record);
}

// The copy is stored first and the epoch compared afterwards: an invalidation that comes between has
// raised the epoch before it deletes, so one of the two sees the other.
bool TierStack::fill_local(std::string_view consumer, std::string_view record, const FetchMark& mark,
                           milliseconds refresh_within) {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  if (has_newer(key, CredentialRecord::decode(record)->fetched_at_ms())) return false;
  local_.put(key, record, mark.period, milliseconds::max(), refresh_within);
  if (epoch_slot(key).load() == mark.epoch) return true;
  drop_local(key);
  return false;
}

DropResult TierStack::drop_local(std::string_view key) {
  epoch_slot(key).fetch_add(1);
  return local_.remove(key);
}

DropResult TierStack::clear_local() {
  for (auto& epoch : history_->epochs) epoch.fetch_add(1);
  return local_.clear();
}

// --- the rate limit ------------------------------------------------------------------------------------

GuardedTier* TierStack::first_that_counts() const {
  const auto counts = [](const auto& tier) { return tier->slot().tier.counts(); };
  const auto first = std::find_if(guarded_.begin(), guarded_.end(), counts);
  return first != guarded_.end() ? first->get() : nullptr;
}

std::optional<RateVerdict> TierStack::take(GuardedTier& tier, std::string_view consumer, const Gcra& rule,
                                           milliseconds window) const {
  Token buffer;
  return tier.take(std::string(kCountPrefix).append(local_key(consumer, buffer)), rule, window);
}

// --- blocking tiers ------------------------------------------------------------------------------------

bool TierStack::blocking_tiers_are_down(SteadyTime now) const {
  return std::all_of(guarded_.begin(), guarded_.end(), [now](const auto& tier) { return tier->is_down(now); });
}

TierRead TierStack::read(GuardedTier& tier, std::string_view local_key, StepLog* steps) {
  if (steps != nullptr) steps->begin("read", tier.slot().tier.name());
  TierRead read = tier.read(remote_key(local_key));
  if (steps != nullptr) steps->end(name_of(read.result));
  return read;
}

std::optional<TierCopy> TierStack::get_blocking(std::string_view consumer, bool for_refresh, StepLog* steps) {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  const FetchMark mark = mark_of(key);
  std::optional<TierCopy> best;
  for (const auto& tier : guarded_) {
    auto copy = read(*tier, key, steps).copy;
    if (!copy) continue;
    if (has_newer(key, copy->fetched_at_ms)) copy->freshness = Freshness::stale; // that may be a rotation
    const FreshnessRule may = rule(copy->freshness);
    const bool good = for_refresh ? may.ends_refresh : may.signs;
    if (good) put_above(*tier, *copy, key, mark);
    if (!best || copy->freshness < best->freshness) best = std::move(copy);
    if (good) break;
  }
  if (epoch_slot(key).load() != mark.epoch) return std::nullopt;
  return best;
}

// One from the future is none: the clock was set back, and until it had caught up nothing would be stored.
bool TierStack::has_newer(std::string_view local_key, std::int64_t fetched_at_ms) const {
  std::string record;
  if (!local_.get_stale(local_key, record, false)) return false;
  const Secret wiped(std::move(record));
  const std::int64_t at_hand_ms = CredentialRecord::decode(wiped.reveal())->fetched_at_ms();
  return fetched_at_ms < at_hand_ms && at_hand_ms <= unix_millis(wall_now());
}

void TierStack::put_above(const GuardedTier& below, const TierCopy& copy, std::string_view key, const FetchMark& mark) {
  local_.put(key, copy.record, mark.period, lifetime_left(copy.fetched_at_ms, below.slot().ttl));
  if (epoch_slot(key).load() != mark.epoch) drop_local(key);
}

// A record that was fetched before a channel was restored may be one that another instance dropped meanwhile: it
// stays in this process, as suspect.
void TierStack::fill_blocking(std::string_view consumer, std::string_view record, const FetchMark& mark) {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  if (history_->channels.current() != mark.period) return;
  const auto invalidated = [&] { return epoch_slot(key).load() != mark.epoch; };
  for (const auto& tier : guarded_) tier->store(remote_key(key), record, invalidated);
}

DropResult TierStack::drop(std::string_view consumer) {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  DropResult result = drop_local(key);
  for (const auto& tier : guarded_) result.add(tier->remove(remote_key(key)));
  // Again: a reader may have copied from a slower tier into a faster one meanwhile. That one has been counted.
  if (has_blocking()) drop_local(key);
  return result;
}

DropResult TierStack::drop_all() {
  DropResult result = clear_local();
  for (const auto& tier : guarded_) result.add(tier->remove_all());
  if (has_blocking()) clear_local();
  return result;
}

FetchMark TierStack::drop_soon(std::string_view consumer, const FetchMark& mark) {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  for (const auto& tier : guarded_) tier->remove_later(remote_key(key));
  drop_local(key);
  return {mark.epoch + 1, mark.period}; // its own step alone
}

void TierStack::flush_deletions() {
  for (const auto& tier : guarded_) tier->flush();
}

bool TierStack::needs_flush() const {
  const SteadyTime now = steady_now();
  return std::any_of(guarded_.begin(), guarded_.end(), [now](const auto& tier) { return tier->needs_flush(now); });
}

// --- from other instances ------------------------------------------------------------------------------

void TierStack::invalidated(std::string_view remote_key) {
  if (remote_key.substr(0, kRemotePrefix.size()) != kRemotePrefix) return;
  drop_local(remote_key.substr(kRemotePrefix.size()));
}

void TierStack::cleared() { clear_local(); }

void TierStack::restored() { history_->channels.restored(steady_now()); }

// --- how they are --------------------------------------------------------------------------------------

bool TierStack::may_hold_copies() const {
  return local_.holds_usable() ||
         std::any_of(guarded_.begin(), guarded_.end(), [](const auto& tier) { return tier->may_hold_copies(); });
}

void TierStack::poll() {
  for (const auto& tier : guarded_) tier->poll();
}

std::vector<TierState> TierStack::states() const {
  std::vector<TierState> all;
  for (const TierSlot& slot : local_.slots()) {
    Call call(steady_now() + slot.read_timeout);
    all.push_back(
        {slot.tier.name(), slot.tier.remote(), false, CircuitBreaker::State::closed, {}, slot.tier.stats(call)});
  }
  for (const auto& tier : guarded_)
    all.push_back({tier->slot().tier.name(), tier->slot().tier.remote(), true, tier->breaker(), tier->condition(),
                   tier->stats()});
  return all;
}

} // namespace authd::pipeline
