// SPDX-License-Identifier: Apache-2.0
// The characters, names and lists of RFC 9110 that requests are made of.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/field_syntax.h"

namespace authd::http {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// Field names and a few values are compared without case: RFC 9110, section 5.1.
constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}

// OWS and BWS: section 5.6.3.
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

// HTAB, SP, VCHAR or obs-text: section 5.5.
constexpr bool is_field_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

constexpr std::string_view without_blanks_around(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the next element off a comma-separated list, without the blanks around it; it may be empty.
// Section 5.6.1.
constexpr std::string_view take_element(std::string_view& list) {
  const std::size_t comma = list.find(',');
  const std::string_view element = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return without_blanks_around(element);
}

} // namespace authd::http
