// SPDX-License-Identifier: Apache-2.0
// URLs of an Admin API: one configured base, and consumer ids that come from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace authd::kong {

// Checks an absolute http or https URL without user, password, query and fragment, and takes trailing
// slashes off. Port and path prefix stay as they are ("https://kong:8444/admin-api"). Throws
// std::invalid_argument with the reason; the message does not repeat the URL, which may hold a password.
std::string admin_base(std::string_view url);

bool is_visible(std::string_view text); // visible ASCII without blanks; what may stand in a URL or a header

// The id as one path segment: everything but the unreserved characters of RFC 3986, section 2.3, becomes
// %XX. Nothing for an id that cannot be one: an empty one, and one with a "." or ".." between its slashes
// (or backslashes), since servers and proxies that decode a path before they normalise it would end up
// elsewhere; no percent-encoding prevents that.
std::optional<std::string> path_segment(std::string_view id);

} // namespace authd::kong
