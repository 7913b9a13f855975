// SPDX-License-Identifier: Apache-2.0
// What a running process cannot change, whatever a reload brings: the rows of settings.cpp that are `fixed`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"

namespace authd::config {

// Path -> value, for comparing only: a value may have come through a reference.
using FixedSettings = std::map<std::string, std::string>;
FixedSettings fixed_settings(const Config& config);

// The paths at which two configurations do not agree.
std::vector<std::string> differing(const FixedSettings& a, const FixedSettings& b);

} // namespace authd::config
