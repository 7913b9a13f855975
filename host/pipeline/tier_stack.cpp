// SPDX-License-Identifier: Apache-2.0
#include "pipeline/tier_stack.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/secret.h"
#include "pipeline/credential.h"
#include "pipeline/hmac.h"

namespace authd::pipeline {
namespace {

using plugin::Status;

constexpr std::string_view kRemotePrefix = "authd:v1:";
constexpr std::string_view kHex = "0123456789abcdef";
// A deletion may take longer than a read, because what it leaves behind would be served again.
constexpr milliseconds kDeleteTimeout{250};
// A tier that failed to store a copy is given another one no sooner: each attempt may hold a worker for
// its read_timeout, although the tier still answers reads and its breaker stays closed (a read-only Redis).
constexpr milliseconds kFillPause{1000};
// An operator who invalidates does wait.
constexpr milliseconds kClearTimeout{5000};
// How long a worker goes on with deletions that are owed; the next one goes on from there.
constexpr milliseconds kSettleTime{250};

// A tier that is down is probed again every second; three failures within ten seconds put it there, or five
// in a row: when a busy tier begins to hang, its thousands of successes in the window would outweigh the few
// failures that workers collect, a read_timeout each, and until then every request waits for them.
constexpr CircuitBreaker::Settings kTierBreaker{50, milliseconds(1000), milliseconds(10'000), 10, 3, 5};
// A plugin that goes on this long after its deadline has not kept it.
constexpr milliseconds kOverrun{50};

bool is_answer(Status status) { return status == Status::ok || status == Status::not_found; }

// How long the record may still count as fresh in a tier with this TTL; zero or less: it is stale.
milliseconds freshness_left(const CredentialRecord& record, milliseconds ttl) {
  return ttl - milliseconds(unix_millis(wall_now()) - record.fetched_at_ms());
}

} // namespace

struct TierStack::Guarded {
  explicit Guarded(TierSlot s)
      : slot(std::move(s)), breaker(kTierBreaker),
        debts(slot.debts ? slot.debts : std::make_shared<TierDebts>()) {}

  // After a fill that failed, one worker at a time finds out whether the tier stores again.
  bool may_fill(SteadyTime now) {
    const std::lock_guard lock(mutex);
    if (fills_fail && now < next_fill) return false;
    next_fill = now + kFillPause;
    return true;
  }
  void filled(bool stored) {
    const std::lock_guard lock(mutex);
    fills_fail = !stored;
    if (!stored) next_fill = steady_now() + kFillPause;
  }

  TierSlot slot;
  CircuitBreaker breaker;
  const std::shared_ptr<TierDebts> debts;
  std::mutex mutex; // guards these two
  bool fills_fail = false;
  SteadyTime next_fill{}; // matters while fills fail
};

TierStack::TierStack(std::vector<TierSlot> slots, Sealer sealer, Recorder& recorder,
                     std::shared_ptr<TierEpochs> epochs)
    : sealer_(std::move(sealer)), recorder_(recorder),
      has_blocking_(
          std::any_of(slots.begin(), slots.end(), [](const TierSlot& s) { return !s.tier.nonblocking(); })),
      hashes_keys_(has_blocking_ && sealer_.encrypts()),
      epochs_(epochs ? std::move(epochs) : std::make_shared<TierEpochs>()) {
  for (TierSlot& slot : slots) {
    if (slot.tier.nonblocking()) {
      local_.push_back(std::move(slot));
    } else {
      blocking_.push_back(std::make_unique<Guarded>(std::move(slot)));
    }
  }
}

TierStack::~TierStack() = default;

// --- keys ----------------------------------------------------------------------------------------------

// All tiers go by the same name of a consumer, so that what a remote tier reports can be found in the
// others: its id, or a digest of it where the name leaves the process and a cache key asks for discretion.
std::string_view TierStack::local_key(std::string_view consumer, Token& buffer) const {
  if (!hashes_keys_) return consumer;
  const auto digest = sha256("authd cache name 1:", consumer);
  for (std::size_t i = 0; i < buffer.size() / 2; ++i) {
    const auto byte = static_cast<unsigned char>(digest[i]);
    buffer[2 * i] = kHex[byte >> 4];
    buffer[2 * i + 1] = kHex[byte & 15];
  }
  return {buffer.data(), buffer.size()};
}

std::string TierStack::remote_key(std::string_view local_key) const {
  std::string key(kRemotePrefix);
  key += local_key;
  return key;
}

std::atomic<std::uint64_t>& TierStack::epoch_slot(std::string_view local_key) const {
  return (*epochs_)[std::hash<std::string_view>{}(local_key) % epochs_->size()];
}

std::uint64_t TierStack::epoch_of(std::string_view consumer) const {
  Token buffer;
  return epoch_slot(local_key(consumer, buffer)).load();
}

// --- non-blocking tiers --------------------------------------------------------------------------------

bool TierStack::get_fresh(std::string_view consumer, std::string& record, const TierSlot** found) const {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  for (const TierSlot& slot : local_) {
    plugin::Call call;
    const Status status = slot.tier.get(call, key, record);
    if (failed(slot, "get", status, call) || status != Status::ok) continue;
    if (!CredentialRecord::decode(record)) continue;
    *found = &slot;
    return true;
  }
  return false;
}

bool TierStack::get_stale(std::string_view consumer, std::string& record) const {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  for (const TierSlot& slot : local_) {
    plugin::Call call;
    const Status status = slot.tier.get_stale(call, key, record);
    if (failed(slot, "get_stale", status, call) || status != Status::ok) continue;
    if (CredentialRecord::decode(record)) return true;
  }
  return false;
}

// The copy is stored first and the epoch compared afterwards: an invalidation that comes between has
// raised the epoch before it deletes, so one of the two sees the other.
bool TierStack::fill_local(std::string_view consumer, std::string_view record, std::uint64_t epoch) {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  for (const TierSlot& slot : local_) {
    plugin::Call call;
    failed(slot, "set", slot.tier.set(call, key, record, slot.ttl, slot.stale), call);
  }
  if (epoch_slot(key).load() == epoch) return true;
  drop_local(key);
  return false;
}

void TierStack::drop_local(std::string_view key) {
  epoch_slot(key).fetch_add(1);
  for (const TierSlot& slot : local_) {
    plugin::Call call;
    failed(slot, "del", slot.tier.del(call, key), call);
  }
}

void TierStack::clear_local() {
  for (auto& epoch : *epochs_) epoch.fetch_add(1);
  for (const TierSlot& slot : local_) {
    plugin::Call call;
    failed(slot, "clear", slot.tier.clear(call, {}), call);
  }
}

bool TierStack::holds_anything() const {
  return std::any_of(local_.begin(), local_.end(), [](const TierSlot& slot) {
    plugin::Call call;
    return slot.tier.stats(call).entries > 0;
  });
}

bool TierStack::failed(const TierSlot& slot, std::string_view operation, Status status,
                       plugin::Call& call) const {
  if (is_answer(status)) return false;
  const plugin::Failure failure = call.take_failure(status);
  recorder_.tier_failed({slot.tier.name(), operation, status, failure.message});
  return true;
}

// --- blocking tiers ------------------------------------------------------------------------------------

bool TierStack::blocking_tiers_are_down(SteadyTime now) const {
  return std::all_of(blocking_.begin(), blocking_.end(),
                     [now](const auto& g) { return g->breaker.would_reject(now); });
}

// Runs one operation behind the tier's breaker; Status::cancelled when the breaker refuses.
template <class Operation>
Status TierStack::guard(Guarded& guarded, std::string_view name, plugin::Call& call, Operation&& operation) {
  const auto admission = guarded.breaker.acquire(steady_now());
  if (admission.transition) recorder_.breaker_moved(guarded.slot.tier.name(), *admission.transition);
  if (!admission.permit) return Status::cancelled;
  const Status status = operation();
  const bool overran = call.deadline() < steady_now() - kOverrun;
  if (overran)
    recorder_.tier_failed({guarded.slot.tier.name(), name, Status::timeout, "it did not keep its deadline"});
  const bool good = !failed(guarded.slot, name, status, call) && !overran;
  const auto outcome = good ? CircuitBreaker::Outcome::success : CircuitBreaker::Outcome::failure;
  const auto moved = guarded.breaker.record(*admission.permit, outcome, steady_now());
  if (moved) recorder_.breaker_moved(guarded.slot.tier.name(), *moved);
  return status;
}

std::optional<TierCopy> TierStack::get_blocking(std::string_view consumer) {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  const std::uint64_t epoch = epoch_slot(key).load();
  std::optional<TierCopy> stale;
  for (const auto& guarded : blocking_) {
    auto copy = read(*guarded, key);
    if (!copy) continue;
    if (copy->fresh) {
      put_above(*guarded, key, copy->record, epoch);
      return copy;
    }
    if (!stale) stale = std::move(copy);
  }
  return stale;
}

// One read serves both questions, for the record itself says when it was fetched.
std::optional<TierCopy> TierStack::read(Guarded& guarded, std::string_view key) {
  const std::string name = remote_key(key);
  if (guarded.debts->owes(name)) return std::nullopt;
  plugin::Call call(steady_now() + guarded.slot.read_timeout);
  std::string envelope;
  const Status status =
      guard(guarded, "get", call, [&] { return guarded.slot.tier.get_stale(call, name, envelope); });
  if (status != Status::ok) return std::nullopt;
  TierCopy copy;
  const bool opened = guarded.slot.tier.leaves_process() ? sealer_.open(name, envelope, copy.record)
                                                         : (copy.record.swap(envelope), true);
  const auto record = opened ? CredentialRecord::decode(copy.record) : std::nullopt;
  if (!record) {
    // Garbage, another program's value, or sealed with a key that is gone: it will not get better.
    recorder_.tier_failed({guarded.slot.tier.name(), "open", Status::corrupt, "a value does not open"});
    delete_now(guarded, name);
    return std::nullopt;
  }
  copy.fresh = freshness_left(*record, guarded.slot.ttl) > milliseconds(0);
  return copy;
}

void TierStack::put_above(const Guarded& below, std::string_view key, std::string_view record,
                          std::uint64_t epoch) {
  const milliseconds left = freshness_left(*CredentialRecord::decode(record), below.slot.ttl);
  for (const TierSlot& slot : local_) {
    plugin::Call call;
    failed(slot, "set", slot.tier.set(call, key, record, std::min(slot.ttl, left), slot.stale), call);
  }
  if (epoch_slot(key).load() != epoch) drop_local(key);
}

void TierStack::fill_blocking(std::string_view consumer, std::string_view record, std::uint64_t epoch) {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  const std::string name = remote_key(key);
  for (const auto& guarded : blocking_) {
    const TierSlot& slot = guarded->slot;
    if (guarded->debts->owes(name) || epoch_slot(key).load() != epoch) continue;
    if (!guarded->may_fill(steady_now())) continue;
    std::string envelope;
    if (slot.tier.leaves_process()) sealer_.seal(name, record, envelope);
    const std::string_view value = slot.tier.leaves_process() ? std::string_view(envelope) : record;
    // No longer than a read: when the tier hangs, every worker may be in here, and requests wait for one.
    plugin::Call call(steady_now() + slot.read_timeout);
    guarded->filled(is_answer(guard(*guarded, "set", call,
                                    [&] { return slot.tier.set(call, name, value, slot.ttl, slot.stale); })));
    wipe(envelope.data(), envelope.size());
    // Invalidated meanwhile: that deletion may have come before this copy.
    if (epoch_slot(key).load() != epoch && !delete_now(*guarded, name)) guarded->debts->borrow(name);
  }
}

bool TierStack::drop(std::string_view consumer) {
  Token buffer;
  const std::string_view key = local_key(consumer, buffer);
  drop_local(key);
  const std::string name = remote_key(key);
  bool all = true;
  for (const auto& guarded : blocking_) {
    if (delete_now(*guarded, name)) continue;
    guarded->debts->borrow(name);
    all = false;
  }
  // Again: a reader may have copied from a slower tier into a faster one meanwhile.
  if (has_blocking_) drop_local(key);
  return all;
}

bool TierStack::drop_all() {
  clear_local();
  bool all = true;
  for (const auto& guarded : blocking_) {
    if (clear_now(*guarded)) continue;
    guarded->debts->borrow_all();
    all = false;
  }
  if (has_blocking_) clear_local();
  return all;
}

bool TierStack::delete_now(Guarded& guarded, const std::string& key) {
  plugin::Call call(steady_now() + kDeleteTimeout);
  return is_answer(guard(guarded, "del", call, [&] { return guarded.slot.tier.del(call, key); }));
}

bool TierStack::clear_now(Guarded& guarded) {
  plugin::Call call(steady_now() + kClearTimeout);
  return is_answer(
      guard(guarded, "clear", call, [&] { return guarded.slot.tier.clear(call, kRemotePrefix); }));
}

void TierStack::settle_debts() {
  for (const auto& guarded : blocking_) settle(*guarded);
}

// Behind the breaker, as all else: a tier that is still away costs one worker one attempt, and soon none.
void TierStack::settle(Guarded& guarded) {
  if (!guarded.debts->begin_settling(steady_now())) return;
  const SteadyTime end = steady_now() + kSettleTime;
  bool failed = false;
  while (!failed && steady_now() < end) {
    const auto debt = guarded.debts->next();
    if (!debt) break;
    failed = !carry_out(guarded, debt->key);
    if (!failed) guarded.debts->settled(*debt);
  }
  guarded.debts->end_settling(failed, steady_now());
}

bool TierStack::carry_out(Guarded& guarded, const std::string& key) {
  if (!key.empty()) return delete_now(guarded, key);
  // While all is owed nothing is read: whether the tier answers must be found out here, and in less than the
  // time that clearing it may take.
  std::string ignored;
  plugin::Call knock(steady_now() + guarded.slot.read_timeout);
  const Status status = guard(guarded, "get", knock,
                              [&] { return guarded.slot.tier.get_stale(knock, kRemotePrefix, ignored); });
  return is_answer(status) && clear_now(guarded);
}

// --- from other instances ------------------------------------------------------------------------------

void TierStack::invalidated(std::string_view remote_key) {
  if (remote_key.substr(0, kRemotePrefix.size()) != kRemotePrefix) return;
  drop_local(remote_key.substr(kRemotePrefix.size()));
}

void TierStack::resync() { clear_local(); }

std::vector<TierState> TierStack::states() const {
  std::vector<TierState> all;
  const auto add = [&](const TierSlot& slot, CircuitBreaker::State breaker) {
    plugin::Call call(steady_now() + slot.read_timeout);
    all.push_back({slot.tier.name(), slot.tier.remote(), breaker, slot.tier.stats(call)});
  };
  for (const TierSlot& slot : local_) add(slot, CircuitBreaker::State::closed);
  for (const auto& guarded : blocking_) {
    all.push_back({guarded->slot.tier.name(), guarded->slot.tier.remote(), guarded->breaker.state(), {}});
  }
  return all;
}

} // namespace authd::pipeline
