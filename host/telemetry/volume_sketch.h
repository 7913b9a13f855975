// SPDX-License-Identifier: Apache-2.0
// How many tokens a consumer got within the last hour, in fixed memory for any number of consumers: a count-min sketch
// (Cormode and Muthukrishnan, 2005) of two rows for the running hour and the one before. An estimate is never too low
// for the running hour; with more than some thousand busy consumers it may be too high. [thread-safe]
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "telemetry/zeroed_memory.h"

namespace authd::telemetry {

enum class Volume : std::uint8_t { low, medium, high }; // below 60, below 1000, from 1000 tokens on
std::string_view name_of(Volume volume);

class VolumeSketch {
 public:
  // Counts a token of the consumer and says which class it is in now. The last hour is estimated as the running one
  // and the part of the one before that is less than an hour ago. Neither locks nor allocates.
  Volume count(std::string_view consumer, SteadyTime now) noexcept;

 private:
  static constexpr std::size_t kRows = 2;
  static constexpr std::size_t kCells = 8192; // in a row
  struct Counts {
    std::uint32_t running;
    std::uint32_t before;
  };
  Counts step(std::size_t cell, std::uint32_t hour) noexcept;

  // Two for each cell, of the running hour and of the last one that something was counted in before it. Each is
  // hour << 32 | tokens, so that nothing has to be cleared when an hour begins.
  ZeroedMemory numbers_{kRows * kCells * 2};
};

} // namespace authd::telemetry
