// SPDX-License-Identifier: Apache-2.0
// Between the ABI's {pointer, length} and the host's string_view; nothing is copied.
#pragma once

#include <string_view>

#include "authd/abi.h"

namespace authd {

inline authd_str to_abi(std::string_view s) { return {s.data(), s.size()}; }
inline authd_bytes to_bytes(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }
inline std::string_view view(authd_str s) { return s.p != nullptr ? std::string_view(s.p, s.n) : std::string_view(); }
inline std::string_view view(authd_bytes b) {
  return b.p != nullptr ? std::string_view(reinterpret_cast<const char*>(b.p), b.n) : std::string_view();
}

} // namespace authd
