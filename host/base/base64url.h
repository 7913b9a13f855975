// SPDX-License-Identifier: Apache-2.0
// RFC 4648, section 5, without padding, as RFC 7515 requires.
#pragma once

#include <string>
#include <string_view>

namespace authd {

void append_base64url(std::string& out, std::string_view bytes);

// Strict: refuses padding, blanks, other alphabets and non-zero unused bits at the end. False: `out` is undefined.
bool decode_base64url(std::string_view text, std::string& out);

} // namespace authd
