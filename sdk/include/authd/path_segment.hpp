// SPDX-License-Identifier: Apache-2.0
// A consumer's id as one segment of a URL's path.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace authd::sdk {
namespace detail {

constexpr bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

constexpr bool has_dot_segment(std::string_view text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of("/\\", begin), text.size());
    const std::string_view segment = text.substr(begin, end - begin);
    if (segment == "." || segment == "..") return true;
    begin = end + 1;
  }
  return false;
}

} // namespace detail

// Everything but the unreserved characters of RFC 3986, section 2.3, becomes %XX. Nothing for a text that
// cannot be one segment: an empty one, and one with a "." or ".." between its slashes (or backslashes),
// since servers and proxies that decode a path before they normalise it would end up elsewhere; no
// percent-encoding prevents that.
inline std::optional<std::string> path_segment(std::string_view text) {
  if (text.empty() || detail::has_dot_segment(text)) return std::nullopt;
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string segment;
  segment.reserve(text.size() * 3);
  for (const char c : text) {
    if (detail::is_unreserved(c)) {
      segment += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      segment += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return segment;
}

} // namespace authd::sdk
