// SPDX-License-Identifier: Apache-2.0
// Remembers for a short while that the gateway refused a consumer, so that a client which asks in a loop,
// or with a million made-up ids, costs the gateway one call per id and negative_ttl, and authd a bounded
// table. Entries hold a salted 128-bit digest instead of the id: 32 bytes each, and a client cannot make
// its id collide with another one's. [thread-safe]
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace authd::pipeline {

class NegativeMemory {
 public:
  explicit NegativeMemory(milliseconds ttl, std::size_t capacity = 1 << 15);

  void remember(std::string_view consumer, Code why, SteadyTime now);
  std::optional<Code> recall(std::string_view consumer, SteadyTime now) const;
  void forget(std::string_view consumer);
  void forget_all();

 private:
  struct Entry {
    std::array<std::uint64_t, 2> digest{};
    SteadyTime expires{};
    Code code{};
  };
  // An id may stand in any entry of its set; the one that expires first makes room.
  static constexpr std::size_t kWays = 4;
  struct Place {
    std::array<std::uint64_t, 2> digest;
    std::size_t first;
  };
  Place place_of(std::string_view consumer) const;

  const milliseconds ttl_;
  const std::size_t sets_;
  std::string salt_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

} // namespace authd::pipeline
