// SPDX-License-Identifier: Apache-2.0
// Conditional requests: RFC 9110, section 13.
#pragma once

#include <ctime>
#include <string_view>

#include "http/exchange.h"

namespace authd::http {

// Whether a GET or HEAD of what exists is answered with 304 (section 13.2.2). `etag` with its quotes. If-None-Match is
// compared weakly and takes precedence; an If-Modified-Since that is no date, in one of the three formats of section
// 5.6.7, is ignored.
bool is_not_modified(const Request& request, std::string_view etag, std::time_t last_modified);

} // namespace authd::http
