// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/config.h"
#include "config/problems.h"

namespace authd::config {

// What a plugin's ELF note says that its table is judged by.
struct PublishedSettings {
  std::string schema;              // JSON
  std::optional<bool> remote = {}; // Kind::remote; nothing: not said
};

// Where the loader gets that from, without running the plugin. Given plugin name (or path), plugins.dir, the pin
// (sha256 or empty) and kind ("authd.cache/1"); the error is a whole line.
using SchemaSource = std::function<Result<PublishedSettings, Problem>(std::string_view plugin, std::string_view dir,
                                                                      std::string_view pin, std::string_view kind,
                                                                      Environment environment)>;

} // namespace authd::config
