// SPDX-License-Identifier: Apache-2.0
// Names and values of header fields.
#pragma once

#include <string_view>

namespace authd::http_client {

// RFC 9110, section 5.6.2: what a method or a field's name is made of.
bool is_token(std::string_view text);
// RFC 9110, section 5.5, less the tab: a CR or LF would begin a header or a request of its own.
bool is_field_value(std::string_view text);
// Without case.
bool same_name(std::string_view a, std::string_view b);

} // namespace authd::http_client
