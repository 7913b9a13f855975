// SPDX-License-Identifier: Apache-2.0
// Random identifiers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/random.h"

namespace authd {

// RFC 9562 version 4, lower case. Draws for 256 ids at a time, because one draw costs more than a
// signature; one source belongs to one thread.
class UuidSource {
 public:
  using Text = std::array<char, 36>;
  Text next(); // throws std::runtime_error: see RandomStream
  ~UuidSource();

 private:
  static constexpr std::size_t kUuidBytes = 16;
  RandomStream stream_;
  std::array<std::uint8_t, kUuidBytes * 256> pool_{};
  std::size_t used_ = sizeof(pool_);
};

inline std::string_view view(const UuidSource::Text& text) { return {text.data(), text.size()}; }

// 8-4-4-4-12 hexadecimal digits in either case: what Kong looks up as an id and never as a username.
bool is_uuid(std::string_view text);

} // namespace authd
