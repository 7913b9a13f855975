// SPDX-License-Identifier: Apache-2.0
#include "pipeline/negative_memory.h"

#include <algorithm>
#include <cstring>

#include "base/random.h"
#include "pipeline/hmac.h"

namespace authd::pipeline {

NegativeMemory::NegativeMemory(milliseconds ttl, std::size_t capacity)
    : ttl_(ttl), sets_(std::max<std::size_t>(1, capacity / kWays)), salt_(random_base64url(16)) {}

NegativeMemory::Place NegativeMemory::place_of(std::string_view consumer) const {
  const auto hash = sha256(salt_, consumer);
  Place place{};
  std::memcpy(place.digest.data(), hash.data(), sizeof(place.digest));
  place.first = place.digest[0] % sets_ * kWays;
  return place;
}

void NegativeMemory::remember(std::string_view consumer, Code why, SteadyTime now) {
  if (ttl_ <= milliseconds(0)) return;
  const Place place = place_of(consumer);
  const std::lock_guard lock(mutex_);
  // Allocated at the first refusal: most instances never see one.
  if (entries_.empty()) entries_.resize(sets_ * kWays);
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(place.first);
  const auto last = first + kWays;
  auto slot = std::find_if(first, last, [&](const Entry& e) { return e.digest == place.digest; });
  if (slot == last) {
    slot = std::min_element(first, last, [](const Entry& a, const Entry& b) { return a.expires < b.expires; });
  }
  *slot = Entry{place.digest, now + ttl_, why};
}

std::optional<Code> NegativeMemory::recall(std::string_view consumer, SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return std::nullopt;
  const Place place = place_of(consumer);
  for (std::size_t i = place.first; i < place.first + kWays; ++i) {
    const Entry& entry = entries_[i];
    if (entry.digest == place.digest && entry.expires > now) return entry.code;
  }
  return std::nullopt;
}

void NegativeMemory::forget(std::string_view consumer) {
  const Place place = place_of(consumer);
  const std::lock_guard lock(mutex_);
  if (entries_.empty()) return;
  for (std::size_t i = place.first; i < place.first + kWays; ++i) {
    if (entries_[i].digest == place.digest) entries_[i] = Entry{};
  }
}

void NegativeMemory::forget_all() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

} // namespace authd::pipeline
