// SPDX-License-Identifier: Apache-2.0
#include "http/request_target.h"

#include <algorithm>

#include "http/header_name.h"

namespace authd::http {
namespace {

TargetParts split_query(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, target.substr(target.size())};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

// What follows "http://host", or nullopt when the target does not begin like that.
std::optional<std::string_view> without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    if (end == 0) return std::nullopt;
    return target.substr(end);
  }
  return std::nullopt;
}

} // namespace

std::optional<TargetParts> split_target(std::string_view target, Method method) {
  if (target.find('#') != std::string_view::npos) return std::nullopt;
  if (!target.empty() && target.front() == '/') return split_query(target);
  if (target == "*" && method == Method::options) return split_query(target);
  const auto rest = without_authority(target);
  if (!rest) return std::nullopt;
  return split_query(*rest);
}

bool is_host(std::string_view value) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=%:[]";
  return std::all_of(value.begin(), value.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

} // namespace authd::http
