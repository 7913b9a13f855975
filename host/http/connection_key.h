// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace authd::http {

// Names a connection of one reactor for ever: a slot is used again, but not with the same generation. What
// comes late (a ready socket, a resume, a deadline) finds nobody instead of a stranger.
struct ConnectionKey {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;

  bool operator==(const ConnectionKey&) const = default;
  std::uint64_t packed() const { return std::uint64_t{slot} << 32 | generation; }
  static ConnectionKey unpack(std::uint64_t packed) {
    return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
  }
};

} // namespace authd::http
