// SPDX-License-Identifier: Apache-2.0
// Defaults <- file <- environment, for one table.
#pragma once

#include "config/environment_variables.h"
#include "config/node.h"
#include "config/shape.h"

namespace authd::config {

enum class Precedence {
  variable_over_file, // the rule
  file_over_variable, // [[cache]]: a variable applies to each tier that does not set its own
};

// The table that results; `file` may be null (the file has no such table). What the file says beside the
// shape's properties is kept, for the checker to find. An object inside is made only when file or
// environment says something of it; then its defaults are filled in.
Node layered(const Shape& object, const Node* file, const EnvironmentVariables& variables, Precedence precedence);

// A variable's text as a node: numbers in the variable's unit, lists as one string. What cannot be read stays
// a string, which the checker then refuses.
Node from_variable(const Shape& shape, std::string_view variable, std::string_view text);

} // namespace authd::config
