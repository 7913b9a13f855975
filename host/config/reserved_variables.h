// SPDX-License-Identifier: Apache-2.0
// Variables that a plugin's setting must not be set by, because they mean something else already.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/kinds.h"

namespace authd::config {

// What the variable means already, for an error; nothing when a plugin may use it. `property` is the name of
// the plugin's setting: one that has the host's name is the host's setting, and shares its variable.
std::optional<std::string> reserved_meaning(std::string_view variable, std::string_view property,
                                            std::span<const Kind> among = kinds());

} // namespace authd::config
