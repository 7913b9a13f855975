// SPDX-License-Identifier: Apache-2.0
// The host's settings: one row each, read by the loader, the checker, `authd config show|schema|env` and
// the commented manual etc/authd.toml. A plugin's settings stand in its JSON Schema instead (schema.h).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/kinds.h"
#include "config/node.h"
#include "config/shape.h"

namespace authd::config {

// What a setter writes to; `use` is set for rows of a plugin's table only: of [[cache]] it is a Tier, of
// [[endpoint]] an Endpoint.
struct Target {
  Config& config;
  PluginUse* use = nullptr;
};

// What a bare variable adds to the configuration when it is true: a table with this plugin, unless there is one.
struct AddedPlugin {
  std::string_view table = {};
  std::string_view plugin = {};
};

struct Setting {
  std::string_view table; // "server"; "cache" stands for each [[cache]]
  std::string_view key;   // "port"; with dots for a table inside: "tls.key"
  Type type = Type::string;
  Unit unit = Unit::none;
  Format format = Format::none; // of a list: its entries'
  Type entries = Type::string;  // of a list or a table
  std::string_view variable = {};
  std::string_view fallback_variable = {};
  std::optional<double> minimum = {}; // number: value; string: characters; list or table: entries
  std::optional<double> maximum = {};
  std::int64_t multiple_of = 0;                // in the base unit
  std::string_view choices = {};               // separated by '|'; of a list: its entries'
  std::string_view aliases = {};               // of the variable, "KONNECT=kong-konnect", separated by '|'
  std::optional<std::string_view> preset = {}; // the default as it is written, without quotes
  std::string_view preset_by_plugin = {};      // where it differs: "cache-redis=2h", separated by '|'
  std::string_view shipped = {};               // of a plugin's name: those that come with authd, separated by '|'
  AddedPlugin adds = {};                       // of a bare variable
  std::string_view derived = {};               // where the default comes from when it is not a constant
  std::string_view example = {};               // for the manual, where there is no default; of a table: TOML
  bool required = false;
  bool secret = false;
  bool https_in_production = false;
  bool production_rule = false; // production has a rule of its own about it (production.cpp)
  // Part of the contract, but nothing here does it yet: checked like any other and warned about when it is set,
  // left out of the manual. Building the feature is dropping this and adding `set`.
  bool not_built = false;
  // Younger than plugins that may have a setting of this name: where the plugin's schema declares it, it is the
  // plugin's alone and nothing here applies it.
  bool yields_to_plugin = false;
  std::string_view description = {};
  // Of what a running process cannot change: the value as text, for comparing two configurations.
  std::string (*fixed)(const Config& config) = nullptr;
  void (*set)(Target target, const Node& value) = nullptr; // null: not_built
};

struct Table {
  std::string_view name;
  std::string_view description;
  std::string_view example = {}; // for the manual: what one may add behind it, commented out there
  bool repeated = false;         // [[name]]: as the row of its kind says
};

std::span<const Table> tables(); // in the order of the manual
// The same with the tables of these kinds instead of authd's.
std::vector<Table> tables_of(std::span<const Kind> kinds);
std::span<const Setting> settings(); // grouped by table, in the order of the manual

// The rows of one table. A kind whose table has none of its own above gets those that every plugin's table needs.
std::span<const Setting> settings_of(std::string_view table);
// The plugins that come with authd for this table.
std::vector<std::string> shipped_plugins(std::string_view table);

// Variables that set no setting of authd.toml.
std::span<const Setting> bare_variables();

// `plugin`: the name of the one that the table uses, where defaults depend on it.
Shape shape_of(const Setting& setting, std::string_view plugin = {});
// An object with the table's rows as properties.
Shape shape_of_table(std::string_view table, std::string_view plugin = {});

// Puts the values of a checked table into the configuration. Total: a value that the checker refused is put
// as something harmless, because the configuration is refused as a whole. `plugin`: the shape of the table's plugin,
// whose own settings of ours are left out; null: there is none.
void apply(std::string_view table, const Node& node, Target target, const Shape* plugin = nullptr);

} // namespace authd::config
