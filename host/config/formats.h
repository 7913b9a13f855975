// SPDX-License-Identifier: Apache-2.0
// What the formats of strings demand, and what production thinks of a URL or a token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/shape.h"

namespace authd::config {

// Why the text is not of the format, without the text itself; nothing when it is.
std::optional<std::string> format_error(std::string_view text, Format format);

// An address range as the rest of authd compares it: one of IPv4-mapped addresses ("::ffff:10.0.0.0/104",
// RFC 4291, 2.5.5.2) becomes the IPv4 range, since peers are compared by their IPv4 addresses. Any other text is
// returned as it is.
std::string canonical_range(std::string_view text);

// Bytes in the path of a Unix socket: sun_path of unix(7) without its NUL.
inline constexpr std::size_t kMostSocketPath = 107;

// Lower-case scheme and host of an absolute URL.
struct UrlParts {
  std::string scheme;
  std::string host;
};
std::optional<UrlParts> url_parts(std::string_view url);

// "localhost", names under it, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host);

// 0.0.0.0 or ::, which in a URL mean this machine.
bool is_unspecified(std::string_view host);

// Looks like something out of a manual: "changeme...", "<token>", one character repeated.
bool is_placeholder(std::string_view secret);

} // namespace authd::config
