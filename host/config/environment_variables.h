// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

namespace authd::config {

// The process's environment, or a test's.
using EnvironmentVariables = std::map<std::string, std::string, std::less<>>;
EnvironmentVariables process_environment();

} // namespace authd::config
