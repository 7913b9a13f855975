// SPDX-License-Identifier: Apache-2.0
// base/field_syntax.h, and what only a server needs of RFC 9110 beside it.
#pragma once

#include "base/field_syntax.h"

namespace authd::http {

using authd::ascii_lower;
using authd::equals_ignoring_case;
using authd::is_blank;
using authd::take_element;
using authd::without_blanks_around;

// HTAB, SP, VCHAR or obs-text: section 5.5.
constexpr bool is_field_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

} // namespace authd::http
