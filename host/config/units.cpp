// SPDX-License-Identifier: Apache-2.0
#include "config/units.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace authd::config {
namespace {

struct Scale {
  std::string_view suffix;
  std::int64_t factor;
};

// Largest first: printing takes the first that divides.
constexpr Scale kTimes[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
constexpr Scale kSizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

template <class F>
auto with_scales(Unit unit, F f) {
  return unit == Unit::bytes ? f(kSizes) : f(kTimes);
}

} // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

std::optional<std::int64_t> parse_quantity(std::string_view text, Unit unit) {
  std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  auto number = parse_integer(text.substr(0, digits));
  if (!number) return std::nullopt;
  return with_scales(unit, [&](const auto& scales) -> std::optional<std::int64_t> {
    for (const Scale& scale : scales) {
      if (text.substr(digits) == scale.suffix) return multiply(*number, scale.factor);
    }
    return std::nullopt;
  });
}

std::string print_quantity(std::int64_t value, Unit unit) {
  if (unit == Unit::none) return std::to_string(value);
  if (value == 0) return unit == Unit::bytes ? "0B" : "0s";
  return with_scales(unit, [&](const auto& scales) {
    for (const Scale& scale : scales) {
      if (scale.suffix == "d" && value < 2 * scale.factor) continue; // "24h" says more than "1d"
      if (value % scale.factor == 0) return fmt::format("{}{}", value / scale.factor, scale.suffix);
    }
    return std::to_string(value);
  });
}

std::string_view example_of(Unit unit) { return unit == Unit::bytes ? "16KiB" : "500ms"; }

VariableUnit unit_of_variable(std::string_view variable, Unit unit) {
  if (unit == Unit::none) return {1, ""};
  if (unit == Unit::bytes) return {1, "bytes"};
  if (variable.ends_with("_MINUTES")) return {60'000, "minutes"};
  if (variable.ends_with("_SECONDS")) return {1000, "seconds"};
  return {1, "milliseconds"};
}

} // namespace authd::config
