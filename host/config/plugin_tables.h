// SPDX-License-Identifier: Apache-2.0
// Reads [gateway] and [[cache]], whose keys are in part the host's and in part the plugin's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/checker.h"
#include "config/layers.h"
#include "config/problems.h"
#include "config/schema_source.h"
#include "config/shape.h"

namespace authd::config {

inline constexpr const char* kGatewayKind = "authd.gateway/1";
inline constexpr const char* kCacheKind = "authd.cache/1";

class PluginTables {
 public:
  // `config` must have its environment and [plugins] already.
  PluginTables(Config& config, Problems& problems, const Surroundings& around, const SchemaSource& schemas)
      : config_(config), problems_(problems), around_(around), schemas_(schemas) {}

  // `written`: the table in the file, null when there is none. Problems are reported at their places; a
  // plugin that cannot be inspected is one, and then its own keys go unchecked.
  Section read_gateway(const Node* written);
  Section read_tier(const Node* written, std::size_t index, Tier& tier);

  // Its settings are those that the plugin would get. `path`: "gateway", "cache[0]".
  bool is_settled(std::string_view path) const;
  bool all_inspected() const { return all_inspected_; }

 private:
  struct Job {
    std::string path;
    std::string_view table;
    const char* kind;
    Precedence precedence;
    const Node* written;
    PluginUse& use;
    Tier* tier;
  };

  Section read(const Job& job);
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
