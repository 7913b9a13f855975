// SPDX-License-Identifier: Apache-2.0
#include "pipeline/local_tiers.h"

#include <algorithm>
#include <utility>

#include "pipeline/credential.h"
#include "secrets/secret.h"

namespace authd::pipeline {

LocalTiers::LocalTiers(std::vector<TierSlot> slots, FreshnessClock clock, std::shared_ptr<TierHistory> history,
                       Recorder& recorder)
    : slots_(std::move(slots)), clock_(clock), history_(std::move(history)), recorder_(recorder) {}

// Does one operation and reports it. CallStatus::ok or not_found, or it failed.
template <class Operation>
CallStatus LocalTiers::call(const TierSlot& slot, TierOperation name, Operation&& operation, bool reports,
                            LocalReads* reads) const {
  Call call;
  const SteadyTime start = reports ? steady_now() : SteadyTime();
  const CallStatus status = operation(call);
  if (reports) report({slot.tier.name(), name, result_of(name, status), {}}, start, reads);
  if (is_answer(status)) return status;
  const CallFailure failure = call.take_failure(status);
  recorder_.tier_failed({slot.tier.name(), name_of(name), status, failure.message});
  return status;
}

void LocalTiers::report(TierCall done, SteadyTime start, LocalReads* reads) const {
  const SteadyTime end = steady_now();
  done.duration = end - start;
  recorder_.tier_called(done);
  if (reads == nullptr) return;
  reads->begin(name_of(done.operation), start, done.tier);
  reads->end(name_of(done.result), end);
}

Freshness LocalTiers::get(std::string_view key, std::string& record, bool reports, LocalReads* reads) const {
  for (const TierSlot& slot : slots_) {
    const CallStatus status = call(
        slot, TierOperation::get, [&](Call& c) { return slot.tier.get(c, key, record); }, reports, reads);
    if (status != CallStatus::ok) continue;
    if (const auto stamp = open(record)) return clock_.of_local(*stamp, history_->channels);
  }
  return Freshness::gone;
}

bool LocalTiers::get_stale(std::string_view key, std::string& record, bool reports) const {
  for (const TierSlot& slot : slots_) {
    const CallStatus status = call(
        slot, TierOperation::get_stale, [&](Call& c) { return slot.tier.get_stale(c, key, record); }, reports);
    if (status == CallStatus::ok && open(record)) return true;
  }
  return false;
}

// Leaves the record alone in `value`; nullopt: it is none of ours.
std::optional<LocalStamp> LocalTiers::open(std::string& value) const {
  const auto stamp = LocalStamp::take_from(value);
  return stamp && CredentialRecord::decode(value) ? stamp : std::nullopt;
}

void LocalTiers::put(std::string_view key, std::string_view record, std::uint64_t period, milliseconds at_most,
                     milliseconds refresh_within) const {
  std::string value;
  value.reserve(record.size() + LocalStamp::kBytes); // never moved, so that wiping it leaves nothing behind
  for (const TierSlot& slot : slots_) {
    const milliseconds lifetime = std::min(slot.ttl, at_most);
    value.assign(record);
    clock_.stamp(std::min(lifetime, refresh_within), period).append_to(value);
    const CallStatus status =
        call(slot, TierOperation::set, [&](Call& c) { return slot.tier.set(c, key, value, lifetime, slot.stale); });
    if (!is_answer(status)) continue;
    history_->stored(steady_now() + lifetime + slot.stale);
  }
  wipe(value.data(), value.size());
}

DropResult LocalTiers::remove(std::string_view key) const {
  DropResult result;
  for (const TierSlot& slot : slots_) {
    const CallStatus status = call(slot, TierOperation::del, [&](Call& c) { return slot.tier.del(c, key); });
    result.add(drop_of(slot.tier, status));
  }
  return result;
}

DropResult LocalTiers::clear() const {
  DropResult result;
  for (const TierSlot& slot : slots_) {
    Call asking;
    const plugin::TierStats stats = slot.tier.stats(asking);
    const CallStatus status = call(slot, TierOperation::clear, [&](Call& c) { return slot.tier.clear(c, {}); });
    result.add(clear_of(slot.tier, status,
                        stats.known ? std::optional(static_cast<std::int64_t>(stats.entries)) : std::nullopt));
  }
  history_->usable_until.store(0, std::memory_order_relaxed);
  return result;
}

bool LocalTiers::holds_usable() const {
  if (steady_now().time_since_epoch().count() >= history_->usable_until.load(std::memory_order_relaxed)) return false;
  return std::any_of(slots_.begin(), slots_.end(), [](const TierSlot& slot) {
    Call call;
    return slot.tier.stats(call).entries > 0;
  });
}

} // namespace authd::pipeline
