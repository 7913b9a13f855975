// SPDX-License-Identifier: Apache-2.0
// What field names and values of HTTP are made of, for whoever reads or writes them: RFC 9110.
#pragma once

#include <algorithm>
#include <string_view>

namespace authd {

// Section 5.6.2.
constexpr bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kMarks.find(c) != std::string_view::npos;
}

// What a method or a field's name is made of.
constexpr bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

// For what is sent: section 5.5, less the tab. A CR or LF would begin a header or a request of its own.
constexpr bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

} // namespace authd
