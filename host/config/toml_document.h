// SPDX-License-Identifier: Apache-2.0
// The only place that knows toml++ (it is slow to compile): TOML text to nodes with positions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/node.h"

namespace authd::config {

struct SyntaxError {
  Origin origin;
  std::string message; // holds no text of the document's values
};

// TOML 1.0. Only the first syntax error is known.
Result<Node, SyntaxError> parse_toml(std::string_view text);

} // namespace authd::config
