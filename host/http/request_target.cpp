// SPDX-License-Identifier: Apache-2.0
#include "http/request_target.h"

#include <algorithm>

#include "http/header_name.h"

namespace authd::http {
namespace {

// What follows "http://", or nullopt when the target does not begin like that.
std::optional<std::string_view> without_scheme(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return target.substr(scheme.size());
  }
  return std::nullopt;
}

TargetParts split_query(std::string_view target, std::string_view authority = {}) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {target, target.substr(target.size()), authority};
  return {target.substr(0, mark), target.substr(mark + 1), authority};
}

} // namespace

std::optional<TargetParts> split_target(std::string_view target, Method method) {
  if (target.find('#') != std::string_view::npos) return std::nullopt;
  if (!target.empty() && target.front() == '/') return split_query(target);
  if (target == "*" && method == Method::options) return split_query(target);
  const auto rest = without_scheme(target);
  if (!rest) return std::nullopt;
  const std::string_view authority = rest->substr(0, rest->find_first_of("/?"));
  if (authority.empty() || authority.front() == ':' || !is_host(authority)) return std::nullopt;
  return split_query(rest->substr(authority.size()), authority);
}

bool is_host(std::string_view value) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=%:[]";
  return std::all_of(value.begin(), value.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

} // namespace authd::http
