// SPDX-License-Identifier: Apache-2.0
// Values of the right type that cannot be what was meant: what a template engine, a shell or an env file left
// behind on the way here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace authd::config {

// A piece of text that something else was to replace: "${KONG_TOKEN}", "${ENV:X}", "$X", "{{ X }}", "%{X}",
// "<%= X %>".
struct UnfilledTemplate {
  bool whole = false;   // nothing else is in the text
  std::string variable; // that it seems to name; empty when it names none
};

// A dollar sign alone is none: passwords have them. "$X" counts only in upper case and as the whole of the text
// or of a part of a URL.
std::optional<UnfilledTemplate> unfilled_template(std::string_view text);

enum class Wrapping { none, quotes, brackets };

// What stands around the whole text: "a" and 'a' (not "a","b"), [a] and <a>.
Wrapping wrapping_of(std::string_view text);

} // namespace authd::config
