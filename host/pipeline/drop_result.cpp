// SPDX-License-Identifier: Apache-2.0
#include "pipeline/drop_result.h"

#include <algorithm>

namespace authd::pipeline {
namespace {

TierDrop outcome(const plugin::CacheTier& tier, CallStatus status) {
  TierDrop drop{tier.name()};
  drop.told = is_answer(status);
  drop.everywhere = drop.told && (!tier.remote() || tier.announces());
  return drop;
}

} // namespace

TierDrop drop_of(const plugin::CacheTier& tier, CallStatus deleted) {
  TierDrop drop = outcome(tier, deleted);
  if (deleted == CallStatus::not_found) drop.copies = 0;
  if (deleted == CallStatus::ok && tier.tells_deletions()) drop.copies = 1;
  return drop;
}

TierDrop clear_of(const plugin::CacheTier& tier, CallStatus cleared, std::optional<std::int64_t> held) {
  TierDrop drop = outcome(tier, cleared);
  if (drop.told) drop.copies = held;
  return drop;
}

DropResult& DropResult::operator+=(const DropResult& other) {
  for (std::size_t i = 0; i < other.tiers_.size(); ++i) {
    const TierDrop& more = other.tiers_[i];
    if (i == tiers_.size()) {
      add(more);
      continue;
    }
    TierDrop& sum = tiers_[i];
    sum.copies = sum.copies && more.copies ? std::optional(*sum.copies + *more.copies) : std::nullopt;
    sum.told = sum.told && more.told;
    sum.everywhere = sum.everywhere && more.everywhere;
  }
  return *this;
}

std::int64_t DropResult::copies() const {
  std::int64_t all = 0;
  for (const TierDrop& drop : tiers_) all += drop.copies.value_or(0);
  return all;
}

bool DropResult::told() const {
  return std::all_of(tiers_.begin(), tiers_.end(), [](const TierDrop& drop) { return drop.told; });
}

bool DropResult::everywhere() const {
  return std::all_of(tiers_.begin(), tiers_.end(), [](const TierDrop& drop) { return drop.everywhere; });
}

bool DropResult::found_nothing() const {
  return std::all_of(tiers_.begin(), tiers_.end(), [](const TierDrop& drop) { return drop.copies == 0; });
}

} // namespace authd::pipeline
