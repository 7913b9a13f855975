// SPDX-License-Identifier: Apache-2.0
// What `authd config show|schema|env|man` prints, and the text of etc/authd.toml: all of it from the settings
// table and the plugins' schemas.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/kinds.h"

namespace authd::config {

// A plugin whose settings are described too.
struct PluginSchema {
  std::string table;  // of its kind: "gateway"
  std::string plugin; // as `plugin =` names it
  std::string json;   // schema.h; one that is refused is left out
};

// TOML that loads, unless it had encryption keys: every setting with its value and, as a comment, where that
// comes from. Secrets are "[redacted]".
std::string show(const Config& config);

// JSON Schema 2020-12 of authd.toml. With `plugins`, the keys of a kind's table follow `plugin`.
std::string schema(const std::vector<PluginSchema>& plugins = {}, std::span<const Kind> kinds = config::kinds());

// One line per variable: its name, the setting, what it may be (in the variable's unit), the default.
std::string environment_table(const std::vector<PluginSchema>& plugins = {});

// authd.toml with every setting commented out at its default, and an example for what is required.
std::string commented_manual(const std::vector<PluginSchema>& plugins = {});

// authd.toml(5), for man(1).
std::string man_page(const std::vector<PluginSchema>& plugins = {});

} // namespace authd::config
