// SPDX-License-Identifier: Apache-2.0
// Where a text stops being JSON: Poco says what it expected, but not where.
#pragma once

#include <string>
#include <string_view>

namespace authd::config {

// "line 3, column 22", both from 1, in bytes, of the first byte that no JSON text (RFC 8259) can have there; the
// end of the text when it is cut off. For texts that Poco refused: of JSON it is the end, too.
std::string json_error_position(std::string_view text);

} // namespace authd::config
