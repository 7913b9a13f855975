// SPDX-License-Identifier: Apache-2.0
#include "yaml_scalars.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <string>

namespace authd::kong_declarative {
namespace {

constexpr std::string_view kDecimal = "0123456789";

// Is it one of the words as written, Capitalised or in UPPER CASE?
template <class Words>
bool is_word(std::string_view text, const Words& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    if (text.size() != word.size()) return false;
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
    std::string capitalised(word), capitals(word);
    capitalised.front() = upper(capitalised.front());
    std::transform(capitals.begin(), capitals.end(), capitals.begin(), upper);
    return text == word || text == capitalised || text == capitals;
  });
}

bool holds_only(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

std::string without_underscores(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '_');
  return digits;
}

double in_base(std::string_view digits, double base) {
  double value = 0;
  for (const char c : digits) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * base + digit;
  }
  return value;
}

// A digit with more digits and underscores behind it, and underscores before it.
std::optional<double> digits(std::string_view text, std::string_view allowed, double base) {
  const std::string plain = without_underscores(text);
  if (plain.empty() || !holds_only(plain, allowed)) return std::nullopt;
  return in_base(plain, base);
}

std::optional<double> whole(std::string_view text) {
  if (text.starts_with("0x")) return digits(text.substr(2), "0123456789abcdefABCDEF", 16);
  if (text.starts_with("0b")) {
    // Its pattern asks for two characters at least.
    const std::size_t first = text.find_first_not_of('_', 2);
    return first != std::string_view::npos && text.size() - first >= 2 ? digits(text.substr(2), "01", 2) : std::nullopt;
  }
  if (text.size() > 1 && text.starts_with('0')) {
    if (auto octal = digits(text.substr(1), "01234567", 8)) return octal;
  }
  return digits(text, kDecimal, 10);
}

// 1:30 and 12:05:30, without underscores. The source means a second part below 60, but its pattern takes any.
std::optional<double> sexagesimal(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !holds_only(text, "0123456789:")) return std::nullopt;
  if (colon + 1 == text.size() || text[colon + 1] == ':') return std::nullopt;
  double value = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (end > 0) value = value * 60 + in_base(text.substr(0, end), 10);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return value;
}

std::optional<double> floating(std::string_view text) {
  const std::size_t point = text.rfind('.');
  if (text.find(':') != std::string_view::npos) { // 1:30.5
    if (point == std::string_view::npos || point + 1 == text.size()) return std::nullopt;
    if (!holds_only(text.substr(point + 1), kDecimal)) return std::nullopt;
    const auto before = sexagesimal(text.substr(0, point));
    return before ? std::optional(*before + std::strtod(std::string(text.substr(point)).c_str(), nullptr)) : before;
  }
  const std::string plain = without_underscores(text);
  if (plain.find_first_of(".eE") == std::string::npos || !holds_only(plain, "0123456789.eE+-abcdfABCDFxXpP"))
    return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(plain.c_str(), &end);
  return end == plain.c_str() + plain.size() ? std::optional(value) : std::nullopt;
}

std::optional<double> unsigned_number(std::string_view text) {
  constexpr std::array<std::string_view, 3> kInfinite = {".inf", ".Inf", ".INF"};
  if (std::find(kInfinite.begin(), kInfinite.end(), text) != kInfinite.end())
    return std::numeric_limits<double>::infinity();
  if (auto number = whole(text)) return number;
  if (auto number = sexagesimal(text)) return number;
  return floating(text);
}

} // namespace

bool is_yaml_boolean(std::string_view scalar) {
  constexpr std::array<std::string_view, 6> kWords = {"true", "false", "yes", "no", "on", "off"};
  return is_word(scalar, kWords);
}

std::optional<double> yaml_number(std::string_view scalar) {
  if (scalar == ".nan" || scalar == ".NaN" || scalar == ".NAN") return std::numeric_limits<double>::quiet_NaN();
  const bool has_sign = scalar.starts_with('-') || scalar.starts_with('+');
  const auto number = unsigned_number(scalar.substr(has_sign ? 1 : 0));
  return number && scalar.starts_with('-') ? std::optional(-*number) : number;
}

} // namespace authd::kong_declarative
