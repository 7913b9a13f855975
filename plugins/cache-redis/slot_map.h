// SPDX-License-Identifier: Apache-2.0
// Which node of a cluster has which of the 16384 slots, and which slot a key is in.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fault.h"
#include "reply.h"

namespace authd::cache_redis {

inline constexpr std::size_t kSlots = 16384;

// CRC-16/XMODEM of the key, or of what stands in its first {...} if that is not empty (Redis Cluster
// specification, "Key distribution model" and "Hash tags").
std::uint16_t slot_of(std::string_view key);

struct SlotMap {
  static constexpr std::uint16_t kNobody = 0xffff;

  std::vector<Endpoint> masters;
  std::array<std::uint16_t, kSlots> owner; // index into masters
};

// From the answer to CLUSTER SLOTS; nothing when it is another. `asked` stands in where a node does not
// know its own name.
std::optional<SlotMap> parse_slots(const Reply& reply, const Endpoint& asked);

} // namespace authd::cache_redis
