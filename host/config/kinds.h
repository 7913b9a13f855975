// SPDX-License-Identifier: Apache-2.0
// The kinds of plugins: one row each, read by whatever asks which table of authd.toml a kind has, what a plugin of
// it must provide, or where the configuration keeps it. A new kind is a row in kinds.cpp, and a proxy beside
// plugin/gateway.h and plugin/cache_tier.h for its callers.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace authd::config {

// A member of a kind's table of operations.
struct Operation {
  std::string_view name;
  std::size_t offset; // bytes from the beginning of the table
};

struct Kind {
  std::string_view id;      // AUTHD_GATEWAY_V1
  std::string_view table;   // of authd.toml: "gateway"
  bool repeated = false;    // [[table]], one for each plugin; else [table], of which there is one
  bool always = false;      // without such a table in the file there is one plugin, with the defaults
  bool provisional = false; // its components load only where their plugin needs exactly this host's minor
  unsigned minor = 0;       // the ABI minor that introduced it: no plugin that needs less may have it
  std::span<const Operation> required = {}; // without one of these a plugin is refused
  // Whether what a plugin is given leaves the process, as its operations say; the note's "remote" must say the same,
  // and without it the plugin counts as remote. `ops` may be NULL. Null: "remote" has no meaning for this kind.
  bool (*remote)(const void* ops) = nullptr;
  std::string_view description = {}; // of its table, where settings.cpp has none
  // Where the configuration keeps its plugins, and room for one more. Null: in Config::others.
  std::vector<const PluginUse*> (*uses)(const Config& config) = nullptr;
  PluginUse& (*add)(Config& config) = nullptr;
};

std::span<const Kind> kinds(); // in the order in which their tables are read

// Null: there is none. `among`: another table of kinds, for tests.
const Kind* kind_with_id(std::string_view id, std::span<const Kind> among = kinds());
const Kind* kind_of_table(std::string_view table, std::span<const Kind> among = kinds());

// The first operation that the kind requires and `ops`, a component's table, lacks; empty if it lacks none, or if the
// kind is unknown.
std::string_view missing_operation(std::string_view kind, const void* ops, std::span<const Kind> among = kinds());

// "gateway", "cache[0]": what messages call the plugin's table.
std::string path_of(const Kind& kind, std::size_t index);

std::vector<const PluginUse*> uses_of(const Config& config, const Kind& kind);
PluginUse& add_use(Config& config, const Kind& kind);

} // namespace authd::config
