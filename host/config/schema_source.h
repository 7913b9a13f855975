// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"
#include "config/problems.h"

namespace authd::config {

// Where the loader gets a plugin's JSON Schema from: the ELF note, read without running the plugin.
// Given plugin name (or path), plugins.dir, the pin (sha256 or empty) and kind ("authd.cache/1"); the
// error is a whole line.
using SchemaSource =
    std::function<Result<std::string, Problem>(std::string_view plugin, std::string_view dir, std::string_view pin,
                                               std::string_view kind, Environment environment)>;

} // namespace authd::config
