// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace authd::http {

// The phrase of RFC 9110, section 15 (and RFC 6585) for the statuses that authd sends; "Unknown" else.
std::string_view reason_phrase(int status);

} // namespace authd::http
