// SPDX-License-Identifier: Apache-2.0
#include "base/repeated_lines.h"

#include <algorithm>
#include <functional>

namespace authd {
namespace {

constexpr LineKind kOther{"other", "", ""};

std::size_t hash_of(const LineKind& kind) {
  const std::hash<std::string_view> hash;
  return (hash(kind.event) * 31 + hash(kind.code)) * 31 + hash(kind.what);
}

} // namespace

RepeatedLines::Slot& RepeatedLines::slot_for(const LineKind& kind, SteadyTime now) {
  const std::size_t hash = hash_of(kind);
  Slot* spare = nullptr;
  for (std::size_t i = 0; i + 1 < kKinds; ++i) {
    Slot& slot = slots_[i];
    if (slot.hash == hash && slot.event.view() == kind.event.substr(0, 32)) return slot;
    const bool is_over = slot.suppressed == 0 && (slot.since == SteadyTime() || now - slot.since >= kPeriod);
    if (spare == nullptr && is_over) spare = &slot;
  }
  const bool fits = spare != nullptr;
  Slot& slot = fits ? *spare : slots_.back();
  if (!fits && slot.since != SteadyTime()) return slot;
  const LineKind& kept = fits ? kind : kOther;
  slot = Slot();
  slot.hash = hash;
  slot.event.assign(kept.event);
  slot.code.assign(kept.code);
  slot.what.assign(kept.what);
  return slot;
}

bool RepeatedLines::admit(const LineKind& kind, SteadyTime now) {
  Slot& slot = slot_for(kind, now);
  if (slot.since == SteadyTime() || now - slot.since >= kPeriod) {
    slot.since = now;
    slot.written = 0;
  }
  if (slot.written < kFirst) return ++slot.written, true;
  if (slot.suppressed++ == 0) slot.due = slot.since + kPeriod;
  return false;
}

SteadyTime RepeatedLines::next_due() const {
  return std::min_element(slots_.begin(), slots_.end(), [](const Slot& a, const Slot& b) { return a.due < b.due; })
      ->due;
}

std::optional<RepeatedLines::Sum> RepeatedLines::take_due(SteadyTime now) {
  for (Slot& slot : slots_) {
    if (slot.suppressed == 0 || slot.due > now) continue;
    const Sum sum{{slot.event.view(), slot.code.view(), slot.what.view()}, slot.suppressed};
    slot.suppressed = 0;
    slot.due = SteadyTime::max();
    return sum;
  }
  return std::nullopt;
}

} // namespace authd
