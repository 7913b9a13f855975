// SPDX-License-Identifier: Apache-2.0
// Texts to the types of config.h, where they are more than a cast.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace authd::config {

// The text is one of the known names (checked before); anything else is development.
Environment environment_named(std::string_view name);

std::string lower_hex(std::string_view digits);

} // namespace authd::config
