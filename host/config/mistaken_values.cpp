// SPDX-License-Identifier: Apache-2.0
#include "config/mistaken_values.h"

#include <algorithm>
#include <utility>

namespace authd::config {
namespace {

constexpr std::pair<std::string_view, std::string_view> kMarks[] = {
    {"${{", "}}"}, {"${", "}"}, {"{{", "}}"}, {"%{", "}"}, {"<%", "%>"}};

bool is_variable_character(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

bool is_variable(std::string_view name) {
  return !name.empty() && (name[0] < '0' || name[0] > '9') &&
         std::all_of(name.begin(), name.end(), is_variable_character);
}

// KONG_TOKEN of " KONG_TOKEN ", "ENV:KONG_TOKEN", "KONG_TOKEN:-default" and "= .Env.KONG_TOKEN".
std::string variable_in(std::string_view inner) {
  const std::size_t colon = inner.find(':');
  const bool prefixed = inner.starts_with("ENV:") || inner.starts_with("env:");
  if (colon != std::string_view::npos) inner = prefixed ? inner.substr(colon + 1) : inner.substr(0, colon);
  const std::size_t end = inner.find_last_not_of(' ');
  const std::size_t begin = inner.find_last_of(" .=", end);
  if (end == std::string_view::npos) return {};
  inner = inner.substr(begin + 1, end - begin); // npos + 1 == 0
  return is_variable(inner) ? std::string(inner) : std::string();
}

std::optional<UnfilledTemplate> between_marks(std::string_view text) {
  for (const auto& [opening, closing] : kMarks) {
    const std::size_t begin = text.find(opening);
    if (begin == std::string_view::npos) continue;
    const std::size_t from = begin + opening.size();
    const std::size_t end = text.find(closing, from);
    if (end == std::string_view::npos || end == from) continue;
    return UnfilledTemplate{begin == 0 && end + closing.size() == text.size(),
                            variable_in(text.substr(from, end - from))};
  }
  return std::nullopt;
}

// "$X" between what separates the parts of a URL.
std::optional<UnfilledTemplate> behind_dollar(std::string_view text) {
  constexpr std::string_view kSeparators = "/:@?&=";
  for (std::size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    const std::size_t end = std::min(text.find_first_of(kSeparators, at), text.size());
    const bool begins = at == 0 || kSeparators.find(text[at - 1]) != std::string_view::npos;
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (begins && is_variable(name)) return UnfilledTemplate{name.size() + 1 == text.size(), std::string(name)};
  }
  return std::nullopt;
}

} // namespace

std::optional<UnfilledTemplate> unfilled_template(std::string_view text) {
  auto found = between_marks(text);
  return found ? found : behind_dollar(text);
}

Wrapping wrapping_of(std::string_view text) {
  if (text.size() < 2) return Wrapping::none;
  const char first = text.front();
  const char last = text.back();
  const bool quote = first == last && (first == '"' || first == '\'');
  if (quote && text.find(first, 1) == text.size() - 1) return Wrapping::quotes;
  const bool bracket = (first == '[' && last == ']') || (first == '<' && last == '>');
  return bracket ? Wrapping::brackets : Wrapping::none;
}

} // namespace authd::config
