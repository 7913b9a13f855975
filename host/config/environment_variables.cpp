// SPDX-License-Identifier: Apache-2.0
#include "config/environment_variables.h"

#include <string_view>

#include <unistd.h>

namespace authd::config {

EnvironmentVariables process_environment() {
  EnvironmentVariables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text = *entry;
    std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

} // namespace authd::config
