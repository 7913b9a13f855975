// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include <algorithm>

#include "http/header_name.h"

namespace authd::http {

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

} // namespace authd::http
