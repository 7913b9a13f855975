// SPDX-License-Identifier: Apache-2.0
// Limits bursts of similar log lines: of each kind the first kFirst within a second are written, the rest are counted,
// and after the second one line gives their number. Memory is bounded: beyond kKinds kinds, lines are of the kind
// "other". Time is passed in. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace authd {

// Lines of the same kind are similar.
struct LineKind {
  std::string_view event; // event.action
  std::string_view code;  // error.code, or empty
  std::string_view what;  // any further distinction: operation and result, the name of a tier
};

class RepeatedLines {
 public:
  static constexpr std::uint64_t kFirst = 10;
  static constexpr seconds kPeriod{1};
  static constexpr std::size_t kKinds = 64;

  struct Sum {
    LineKind kind; // views that are valid until the next call; long texts are truncated
    std::uint64_t suppressed = 0;
  };

  // True: write the line. False: it has been counted.
  bool admit(const LineKind& kind, SteadyTime now);

  // When the next sum is due; SteadyTime::max(): nothing has been counted.
  SteadyTime next_due() const;

  // One of the sums that are due; nullopt: none left. At SteadyTime::max() all are due.
  std::optional<Sum> take_due(SteadyTime now);

 private:
  // The first N characters of a text, kept for the sum.
  template <std::size_t N>
  struct Text {
    std::array<char, N> characters{};
    std::size_t size = 0;
    void assign(std::string_view text) { size = text.copy(characters.data(), N); }
    std::string_view view() const { return {characters.data(), size}; }
  };
  // Invariant: suppressed > 0 exactly while due != max.
  struct Slot {
    std::size_t hash = 0; // of the whole kind
    Text<32> event;
    Text<16> code;
    Text<96> what;
    SteadyTime since{}; // when its period began; the epoch: never used
    std::uint64_t written = 0;
    std::uint64_t suppressed = 0;
    SteadyTime due = SteadyTime::max();
  };

  Slot& slot_for(const LineKind& kind, SteadyTime now);

  std::array<Slot, kKinds> slots_{}; // the last one: "other"
};

} // namespace authd
