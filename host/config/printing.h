// SPDX-License-Identifier: Apache-2.0
// Values as people read them: in messages and as TOML. Nothing secret gets through here.
#pragma once

#include <string>
#include <string_view>

#include "config/node.h"
#include "config/shape.h"

namespace authd::config {

// Quoted, escaped, cut after 80 bytes: safe inside a one-line message.
std::string in_quotes(std::string_view text);

// A TOML key: bare when it may be.
std::string printed_key(std::string_view name);

// The value for a message: `"abc"`, `500ms`, `the value` when it must not be shown. What came from a
// variable is said in that variable's unit: `50 milliseconds`.
std::string shown(const Node& node, const Shape& shape);

// A number of the shape's base unit, as shown() would say it for a value of this origin.
std::string printed_number(double number, const Shape& shape, const Origin& origin);

// TOML text of a checked value; secrets are "[redacted]", and so is the password in a URL.
std::string to_toml(const Node& node, const Shape& shape);

} // namespace authd::config
