// SPDX-License-Identifier: Apache-2.0
// Happy Eyeballs (RFC 8305, section 5): the addresses are tried in order, each a little after the one before
// and at once when that one fails; the first connection that is established wins and the others are closed.
#pragma once

#include <optional>
#include <string>

#include "net/address.h"
#include "net/deadline.h"
#include "net/descriptor.h"

namespace authd::net {

// More are not tried, so that no name costs an unlimited number of descriptors.
inline constexpr std::size_t kMostAddresses = Deadline::kMostDescriptors;

// The time between two attempts (RFC 8305, section 5: 250 ms, never under 10 ms), shortened so that every
// address gets its turn, and the last one a turn as long, within `patience`.
milliseconds attempt_delay(std::size_t addresses, milliseconds patience);

struct RaceEnd {
  struct Loser {
    Address address;
    std::string why;
  };
  struct Winner {
    Address address;
    Descriptor socket; // non-blocking
  };
  std::optional<Winner> winner; // nullopt: all have failed, or the deadline is over
  // In the order in which they were tried. Beside a winner: those before it, also the ones that had not
  // failed yet, because their head start was not enough.
  std::vector<Loser> losers;
};

// [may-block]
RaceEnd race(const Addresses& addresses, milliseconds delay, const Deadline& deadline);

} // namespace authd::net
