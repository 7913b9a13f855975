// SPDX-License-Identifier: Apache-2.0
#include "http_client/url.h"

#include <algorithm>
#include <charconv>

namespace authd::http_client {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// Visible ASCII that may stand in a request line; a fragment never leaves the client (RFC 9110, 4.1).
bool is_sendable(std::string_view url) {
  return std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

bool is_port(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= 65535;
}

// "host", "host:port", "[::1]", "[::1]:port".
bool split_authority(std::string_view authority, Endpoint& endpoint) {
  std::string_view host = authority;
  std::string_view rest;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    rest = host.substr(end + 1);
    host = host.substr(1, end - 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    rest = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (host.empty() || (!rest.empty() && (rest[0] != ':' || !is_port(rest.substr(1))))) return false;
  endpoint.host = host;
  if (!rest.empty()) endpoint.port = rest.substr(1);
  return true;
}

} // namespace

std::optional<HttpUrl> split_url(std::string_view url) {
  if (!is_sendable(url)) return std::nullopt;
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string scheme = lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") return std::nullopt;

  HttpUrl parts;
  const std::string_view rest = url.substr(colon + 3);
  const auto path = std::min(rest.find_first_of("/?"), rest.size());
  parts.endpoint.tls = scheme == "https";
  parts.endpoint.port = parts.endpoint.tls ? "443" : "80";
  parts.authority = lower(rest.substr(0, path));
  if (parts.authority.find('@') != std::string::npos) return std::nullopt;
  if (!split_authority(parts.authority, parts.endpoint)) return std::nullopt;
  parts.target = path == rest.size() ? std::string_view("/") : rest.substr(path);
  parts.display = scheme + "://" + parts.authority + std::string(parts.target.substr(0, parts.target.find('?')));
  return parts;
}

} // namespace authd::http_client
