// SPDX-License-Identifier: Apache-2.0
// Reads the tables of plugins ([gateway], [[cache]]), whose keys are in part the host's and in part the plugin's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/checker.h"
#include "config/kinds.h"
#include "config/layers.h"
#include "config/problems.h"
#include "config/schema_source.h"
#include "config/shape.h"

namespace authd::config {

class PluginTables {
 public:
  // `config` must have its environment and [plugins] already.
  PluginTables(Config& config, Problems& problems, const Surroundings& around, const SchemaSource& schemas)
      : config_(config), problems_(problems), around_(around), schemas_(schemas) {}

  // `written`: the table in the file, null when there is none. Problems are reported at their places; a
  // plugin that cannot be inspected is one, and then its own keys go unchecked.
  // `use` is the one that add_use made for the table.
  Section read(const Kind& kind, std::size_t index, const Node* written, PluginUse& use);

  // Its settings are those that the plugin would get. `path`: "gateway", "cache[0]".
  bool is_settled(std::string_view path) const;
  bool all_inspected() const { return all_inspected_; }

 private:
  struct Job {
    const Kind& kind;
    std::string path;
    PluginUse& use;
  };

  void find_plugin(const Section& host, PluginUse& use);
  std::optional<std::string> checked_text(const Section& host, std::string_view key);
  std::optional<Shape> add_plugin_shape(Section& section, const Job& job);
  Result<Shape, std::string> schema_of(const Job& job);

  Config& config_;
  Problems& problems_;
  const Surroundings& around_;
  const SchemaSource& schemas_;
  bool all_inspected_ = true;
  std::vector<std::string> settled_;
};

} // namespace authd::config
