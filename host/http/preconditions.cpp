// SPDX-License-Identifier: Apache-2.0
#include "http/preconditions.h"

#include <optional>
#include <string>

#include <locale.h>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

// An entity tag may hold commas, so the list is not split at them: section 8.8.3.
bool lists(std::string_view tags, std::string_view etag) {
  if (without_blanks_around(tags) == "*") return true;
  for (std::size_t open = tags.find('"'); open != std::string_view::npos; open = tags.find('"', open)) {
    const std::size_t close = tags.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (tags.substr(open, close + 1 - open) == etag) return true; // W/ before it does not matter here
    open = close + 1;
  }
  return false;
}

// The names of days and months are English, whatever the process's locale is.
locale_t english() {
  static const locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  return locale;
}

std::optional<std::time_t> parse_date(std::string_view field) {
  const std::string text(field);
  for (const char* format : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm date{};
    const char* end = ::strptime_l(text.c_str(), format, &date, english());
    if (end != nullptr && *end == '\0') return ::timegm(&date);
  }
  return std::nullopt;
}

} // namespace

bool is_not_modified(const Request& request, std::string_view etag, std::time_t last_modified) {
  bool has_tags = false;
  for (const HeaderField& field : request.headers) {
    if (!equals_ignoring_case(field.name, "If-None-Match")) continue;
    has_tags = true;
    if (lists(field.value, etag)) return true;
  }
  const auto since = request.header("If-Modified-Since");
  if (has_tags || !since || request.header_count("If-Modified-Since") > 1) return false;
  const auto date = parse_date(*since);
  return date && last_modified <= *date;
}

} // namespace authd::http
