// SPDX-License-Identifier: Apache-2.0
// The URL of an Admin API, as it is configured.
#pragma once

#include <string>
#include <string_view>

namespace authd::kong {

// Checks an absolute http or https URL without user, password, query and fragment, and takes trailing
// slashes off. Port and path prefix stay as they are ("https://kong:8444/admin-api"). Throws
// std::invalid_argument with the reason; the message does not repeat the URL, which may hold a password.
std::string admin_base(std::string_view url);

bool is_visible(std::string_view text); // visible ASCII without blanks; what may stand in a URL or a header

} // namespace authd::kong
