// SPDX-License-Identifier: Apache-2.0
#include "config/cache_key.h"

#include <cstdint>
#include <string>
#include <utility>

namespace authd::config {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kDigits = 43; // 32 bytes are 42 digits of 6 bits and one of 4

} // namespace

std::optional<Secret> decode_cache_key(std::string_view text) {
  if (text.size() != kDigits + 1 || text.back() != '=') return std::nullopt;
  std::string key;
  key.reserve(kKeyBytes); // growing would leave copies behind
  std::uint32_t bits = 0;
  unsigned count = 0;
  bool valid = true;
  for (char digit : text.substr(0, kDigits)) {
    std::size_t value = kAlphabet.find(digit);
    valid = valid && value != std::string_view::npos;
    bits = bits << 6 | (static_cast<std::uint32_t>(value) & 0x3f);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    key.push_back(static_cast<char>(bits >> count & 0xff));
  }
  Secret secret(std::move(key));
  bool bits_left = (bits & ((1u << count) - 1)) != 0;
  if (!valid || bits_left) return std::nullopt;
  return secret;
}

} // namespace authd::config
