// SPDX-License-Identifier: Apache-2.0
// Proactive negotiation: RFC 9110, section 12.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "http/exchange.h"

namespace authd::http {

// The index of the media type that the client prefers, by its Accept fields (section 12.5.1). `offered` ("text/html",
// lower case, no parameters) is in the server's order of preference, which decides between equal weights. Of media
// ranges that match, the most specific one gives the weight; parameters other than `q` are ignored, as are elements
// that are no media range. Without an Accept field: 0. nullopt: the client accepts none of them.
std::optional<std::size_t> choose_media_type(const Request& request, std::span<const std::string_view> offered);

} // namespace authd::http
