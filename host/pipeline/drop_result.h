// SPDX-License-Identifier: Apache-2.0
// What an invalidation did: what each tier of this process had, and whether all who share a tier were told. The shape
// that operators see: spec/token-service.md, "Operations".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plugin/cache_tier.h"

namespace authd::pipeline {

// What one tier made of a del or a clear.
struct TierDrop {
  std::string tier;                     // its name
  std::optional<std::int64_t> copies{}; // that it had; nullopt: it cannot say
  bool told = false;                    // false: it failed; a blocking tier is told later
  bool everywhere = false;              // told, and if it is remote, so is every instance that shares it
};

// Of a del. Of a tier that was built for ABI 1.0 `ok` does not say whether there was a copy.
TierDrop drop_of(const plugin::CacheTier& tier, CallStatus deleted);
// Of a clear. `held`: how many copies it had before, if that is known.
TierDrop clear_of(const plugin::CacheTier& tier, CallStatus cleared, std::optional<std::int64_t> held);

class DropResult {
 public:
  void add(TierDrop drop) { tiers_.push_back(std::move(drop)); }
  // Adds what another drop in the same stack did.
  DropResult& operator+=(const DropResult& other);

  const std::vector<TierDrop>& tiers() const { return tiers_; }
  std::int64_t copies() const; // of the tiers that can say
  bool told() const;           // no tier failed
  bool everywhere() const;
  bool found_nothing() const; // each tier says so

 private:
  std::vector<TierDrop> tiers_; // in the order of the stack
};

// An operator's invalidation.
struct Invalidation {
  // What the gateway says of the consumer. everybody: no name was given.
  enum class Consumer : std::uint8_t { known, unknown, gateway_is_silent, everybody };
  Consumer consumer = Consumer::everybody;
  DropResult dropped;

  // Neither gateway nor tiers know the name: it is most likely misspelt.
  bool is_of_nobody() const { return consumer == Consumer::unknown && dropped.found_nothing(); }
};

} // namespace authd::pipeline
