// SPDX-License-Identifier: Apache-2.0
#include "admin_url.h"

#include <algorithm>
#include <stdexcept>

namespace authd::kong {
namespace {

std::size_t scheme_size(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (url.starts_with(scheme)) return scheme.size();
  throw std::invalid_argument("must begin with http:// or https://");
}

} // namespace

std::string admin_base(std::string_view url) {
  const auto rest = url.substr(scheme_size(url));
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty() || authority.front() == ':') throw std::invalid_argument("names no host");
  if (authority.find('@') != std::string_view::npos)
    throw std::invalid_argument("must not hold a user or password; use admin_token");
  if (rest.find_first_of("?#") != std::string_view::npos)
    throw std::invalid_argument("must not have a query or fragment");
  if (!is_visible(url)) throw std::invalid_argument("must be visible ASCII without blanks");
  while (url.ends_with('/')) url.remove_suffix(1);
  return std::string(url);
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

} // namespace authd::kong
