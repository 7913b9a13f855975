// SPDX-License-Identifier: Apache-2.0
#include "http/client_address.h"

#include <optional>
#include <string_view>

#include "http/header_name.h"

namespace authd::http {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// "192.0.2.1", "192.0.2.1:8080", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:8080".
std::string_view without_port(std::string_view entry) {
  if (entry.starts_with('[')) return entry.substr(1, entry.find(']') - 1);
  const auto colon = entry.find(':');
  return colon != std::string_view::npos && colon == entry.rfind(':') ? entry.substr(0, colon) : entry;
}

} // namespace

// Several fields of that name are one list (RFC 9110, section 5.3).
IpAddress client_address(const Request& request, const std::function<bool(const IpAddress&)>& is_gateway) {
  for (auto field = request.headers.rbegin(); field != request.headers.rend(); ++field) {
    if (!equals_ignoring_case(field->name, "X-Forwarded-For")) continue;
    for (std::string_view list = field->value; !list.empty();) {
      const auto comma = list.rfind(',');
      const std::string_view entry = trimmed(list.substr(comma + 1)); // npos + 1: all
      list = list.substr(0, comma == std::string_view::npos ? 0 : comma);
      if (entry.empty()) continue;
      const std::optional<IpAddress> address = IpAddress::parse(without_port(entry));
      if (!address || !is_gateway(*address)) return address.value_or(IpAddress());
    }
  }
  return {};
}

} // namespace authd::http
