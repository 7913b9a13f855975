// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/json_writer.h"

namespace authd::fuzz {

// What a terminal shows as it is: UTF-8 in which nothing is for the terminal itself.
inline bool is_safe_line(std::string_view line) {
  return !line.empty() && is_utf8(line) && !has_control_characters(line);
}

} // namespace authd::fuzz
