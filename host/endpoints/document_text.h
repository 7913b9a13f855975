// SPDX-License-Identifier: Apache-2.0
// Trees of Poco::JSON as text for people: indented by two, members in the order of the tree.
#pragma once

#include <string>

#include <Poco/Dynamic/Var.h>

namespace authd::endpoints {

std::string to_json_text(const Poco::Dynamic::Var& tree);
std::string
to_yaml_text(const Poco::Dynamic::Var& tree); // YAML 1.2; strings that might be read as something else quoted

} // namespace authd::endpoints
