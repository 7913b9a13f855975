// SPDX-License-Identifier: Apache-2.0
#include "json_escapes.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>

namespace authd::kong_declarative {
namespace {

// The value of \uXXXX at the beginning of `text`.
std::optional<std::uint32_t> escape_of(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, value, 16);
  return error == std::errc() && end == text.data() + 6 ? std::optional(value) : std::nullopt;
}

// The character of a surrogate pair at the beginning of `text`.
std::optional<std::uint32_t> pair_of(std::string_view text) {
  const auto high = escape_of(text);
  if (!high || *high < 0xd800 || *high > 0xdbff) return std::nullopt;
  const auto low = escape_of(text.substr(6));
  if (!low || *low < 0xdc00 || *low > 0xdfff) return std::nullopt;
  return 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00);
}

bool is_json(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text[begin] == '{';
}

} // namespace

std::string with_yaml_escapes(std::string_view text) {
  if (!is_json(text)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto plain = text.substr(0, text.find('\\'));
    out += plain;
    text.remove_prefix(plain.size());
    if (const auto character = pair_of(text)) {
      char escape[11];
      std::snprintf(escape, sizeof escape, "\\U%08x", *character);
      out += escape;
      text.remove_prefix(12);
    } else {
      out += text.substr(0, 2); // an escaped backslash is not the beginning of the next escape
      text.remove_prefix(std::min<std::size_t>(text.size(), 2));
    }
  }
  return out;
}

} // namespace authd::kong_declarative
