// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include <algorithm>

#include "http/field_syntax.h"

namespace authd::http {
namespace {

// "192.0.2.1", "192.0.2.1:8080", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:8080".
std::string_view without_port(std::string_view entry) {
  if (entry.starts_with('[')) return entry.substr(1, entry.find(']') - 1);
  const auto colon = entry.find(':');
  return colon != std::string_view::npos && colon == entry.rfind(':') ? entry.substr(0, colon) : entry;
}

} // namespace

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const HeaderField& field : headers) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Request::header_count(std::string_view name) const {
  const auto same = [name](const HeaderField& field) { return equals_ignoring_case(field.name, name); };
  return static_cast<std::size_t>(std::count_if(headers.begin(), headers.end(), same));
}

// Several fields of one name are one list (RFC 9110, section 5.3).
IpAddress client_address(const Request& request, const std::function<bool(const IpAddress&)>& is_gateway) {
  for (auto field = request.headers.rbegin(); field != request.headers.rend(); ++field) {
    if (!equals_ignoring_case(field->name, "X-Forwarded-For")) continue;
    for (std::string_view list = field->value; !list.empty();) {
      const auto comma = list.rfind(',');
      const std::string_view entry = without_blanks_around(list.substr(comma + 1)); // npos + 1: all
      list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
      if (entry.empty()) continue;
      const std::optional<IpAddress> address = IpAddress::parse(without_port(entry));
      if (!address || !is_gateway(*address)) return address.value_or(IpAddress());
    }
  }
  return {};
}

} // namespace authd::http
