// SPDX-License-Identifier: Apache-2.0
#include "admin_url.h"

#include <algorithm>
#include <stdexcept>

namespace authd::kong {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool has_dot_segment(std::string_view id) {
  for (std::size_t begin = 0; begin <= id.size();) {
    const std::size_t end = std::min(id.find_first_of("/\\", begin), id.size());
    const std::string_view segment = id.substr(begin, end - begin);
    if (segment == "." || segment == "..") return true;
    begin = end + 1;
  }
  return false;
}

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

std::optional<std::string> path_segment(std::string_view id) {
  if (id.empty() || has_dot_segment(id)) return std::nullopt;
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string segment;
  segment.reserve(id.size() * 3);
  for (const char c : id) {
    if (is_unreserved(c)) {
      segment += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      segment += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return segment;
}

} // namespace authd::kong
