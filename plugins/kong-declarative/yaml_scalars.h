// SPDX-License-Identifier: Apache-2.0
// What Kong's YAML takes a plain scalar for: lyaml, YAML 1.1, and not what yaml-cpp or YAML 1.2 do.
// Source: lib/lyaml/implicit.lua of lyaml 6.2, which Kong 3.9 has.
#pragma once

#include <optional>
#include <string_view>

namespace authd::kong_declarative {

// yes, No, ON and their like, in the three cases that are listed there; not "y", not "tRUE".
bool is_yaml_boolean(std::string_view scalar);

// 12, 1_000, 017 (octal), 0x1f, 0b101, 1:30 (sexagesimal: 90), 1.5e3, 1:30.5, .inf, .nan; nothing for text. A number
// beyond the double is infinite, as in Lua.
std::optional<double> yaml_number(std::string_view scalar);

} // namespace authd::kong_declarative
