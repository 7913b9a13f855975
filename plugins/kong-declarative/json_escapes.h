// SPDX-License-Identifier: Apache-2.0
// JSON is YAML but for one thing that matters here: it writes characters beyond U+FFFF as two \u escapes
// (RFC 8259, section 7), which YAML refuses.
#pragma once

#include <string>
#include <string_view>

namespace authd::kong_declarative {

// A text that begins with "{" is JSON: its surrogate pairs become \U escapes of YAML. Any other text is
// returned as it is, and lines never change.
std::string with_yaml_escapes(std::string_view text);

} // namespace authd::kong_declarative
