// SPDX-License-Identifier: Apache-2.0
#include "http/negotiation.h"

#include <algorithm>
#include <utility>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

// Takes what stands before the next `separator` that is not in a quoted string (section 5.6.4).
std::string_view take_part(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size() && (quoted || rest[at] != separator); ++at) {
    if (rest[at] == '"') quoted = !quoted;
    if (rest[at] == '\\' && quoted) ++at;
  }
  at = std::min(at, rest.size());
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return without_blanks_around(part);
}

// Section 12.4.2, in thousandths; nullopt: it is no weight.
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  for (std::size_t i = 2, unit = 100; i < text.size(); ++i, unit /= 10) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    weight += (text[i] - '0') * static_cast<int>(unit);
  }
  return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

struct MediaRange {
  std::string_view type;
  int weight = 1000; // thousandths
};

std::optional<MediaRange> parse_range(std::string_view element) {
  MediaRange range{take_part(element, ';')};
  if (range.type.find('/') == std::string_view::npos) return std::nullopt;
  while (!element.empty()) {
    const std::string_view parameter = take_part(element, ';');
    if (!equals_ignoring_case(parameter.substr(0, 2), "q=")) continue;
    const auto weight = parse_weight(parameter.substr(2));
    if (!weight) return std::nullopt;
    range.weight = *weight;
  }
  return range;
}

// 3: the type itself, 2: type/*, 1: */*, 0: it does not match.
int specificity(std::string_view range, std::string_view type) {
  if (equals_ignoring_case(range, type)) return 3;
  if (range == "*/*") return 1;
  const std::size_t slash = type.find('/') + 1;
  return range.substr(range.size() - 2) == "/*" &&
                 equals_ignoring_case(range.substr(0, range.size() - 1), type.substr(0, slash))
             ? 2
             : 0;
}

struct Preference {
  bool expressed = false; // there was an Accept field
  int weight = 0;
};

Preference preference_for(const Request& request, std::string_view type) {
  Preference preference;
  int best = 0;
  for (const HeaderField& field : request.headers) {
    if (!equals_ignoring_case(field.name, "Accept")) continue;
    preference.expressed = true;
    for (std::string_view rest = field.value; !rest.empty();) {
      const auto range = parse_range(take_part(rest, ','));
      const int specific = range ? specificity(range->type, type) : 0;
      if (specific > best) preference.weight = range->weight;
      best = std::max(best, specific);
    }
  }
  return preference;
}

} // namespace

std::optional<std::size_t> choose_media_type(const Request& request, std::span<const std::string_view> offered) {
  std::optional<std::size_t> chosen;
  int highest = 0;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const Preference preference = preference_for(request, offered[i]);
    if (!preference.expressed) return 0;
    if (preference.weight <= highest) continue;
    highest = preference.weight;
    chosen = i;
  }
  return chosen;
}

} // namespace authd::http
