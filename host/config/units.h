// SPDX-License-Identifier: Apache-2.0
// Durations and sizes as authd.toml writes them ("500ms", "16KiB"), and the units of variables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace authd::config {

enum class Unit { none, milliseconds, bytes };

// A whole number directly followed by ms, s, m, h or d (milliseconds); B, KiB, MiB or GiB (bytes).
// Nothing when it is not written so, or does not fit.
std::optional<std::int64_t> parse_quantity(std::string_view text, Unit unit);

// In the largest unit that keeps it whole: 90000 -> "90s", 120000 -> "2m", 16384 -> "16KiB".
std::string print_quantity(std::int64_t value, Unit unit);

// An example of the notation, for messages: "500ms", "16KiB".
std::string_view example_of(Unit unit);

// The unit that a variable's name says: _SECONDS, _MINUTES, else milliseconds (or bytes).
struct VariableUnit {
  std::int64_t scale; // of the base unit
  std::string_view name;
};
VariableUnit unit_of_variable(std::string_view variable, Unit unit);

// Strictly a decimal integer, sign allowed.
std::optional<std::int64_t> parse_integer(std::string_view text);

// a * b, or nothing when that overflows.
std::optional<std::int64_t> multiply(std::int64_t a, std::int64_t b);

} // namespace authd::config
