// SPDX-License-Identifier: Apache-2.0
// What a shape allows, in words.
#pragma once

#include <string>
#include <vector>

#include "config/shape.h"

namespace authd::config {

// "100ms to 10s", "one of key, iss, kid", "true or false", "URL"; for text without rules "". With a variable
// the unit is the variable's: "100 to 10000 milliseconds".
std::string allowed_values(const Shape& shape, const std::string& variable = {});

// A value that is right, as TOML writes it, so that taking the comment off is enough to try it.
std::string example_value(const Property& p);

// "name = value": the default, or an example. Of a table, whose example is more than fits one line, a line for each
// member.
std::vector<std::string> assignments(const std::string& name, const Property& p);

// What else there is to say of a setting, in one line: "required; URL; variable KONG_JWT_AUTHORITY".
std::string facts(const Property& p);

// The default as TOML writes it, or as a variable would say it; "" when there is none.
std::string default_as_toml(const Shape& shape);
std::string default_as_variable(const Shape& shape);

// The preset after the checker has normalised it.
std::optional<Node> normalised(const std::optional<Node>& node, const Shape& shape);

} // namespace authd::config
