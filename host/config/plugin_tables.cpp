// SPDX-License-Identifier: Apache-2.0
#include "config/plugin_tables.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/plugin_settings.h"
#include "config/schema.h"
#include "config/settings.h"

namespace authd::config {

bool PluginTables::is_settled(std::string_view path) const {
  return std::find(settled_.begin(), settled_.end(), path) != settled_.end();
}

Section PluginTables::read(const Kind& kind, std::size_t index, const Node* written, PluginUse& use) {
  const std::size_t problems_before = problems_.size();
  const Job job{kind, path_of(kind, index), use};
  const Precedence precedence = kind.repeated ? Precedence::file_over_variable : Precedence::variable_over_file;
  Shape host = shape_of_table(kind.table);
  Section section{job.path, host, layered(host, written, around_.variables, precedence)};
  find_plugin(section, use);
  section.shape = shape_of_table(kind.table, plugin_name(use.plugin));
  std::optional<Shape> plugin = add_plugin_shape(section, job);
  section.node = layered(section.shape, written, around_.variables, precedence);
  Checker(around_, problems_).check(section.node, section.shape, job.path);
  std::string pin = use.sha256;
  apply(kind.table, section.node, {config_, &use}, plugin ? &*plugin : nullptr);
  use.sha256 = lower_hex(pin);
  if (use.name.empty()) use.name = plugin_name(use.plugin);
  if (plugin && problems_.size() == problems_before) {
    use.settings = plugin_settings(section.node, *plugin, job.path, problems_);
    settled_.push_back(job.path);
  }
  return section;
}

// Nothing is reported here: the same keys are checked once more with the whole table.
std::optional<std::string> PluginTables::checked_text(const Section& host, std::string_view key) {
  const Node* written = host.node.find(key);
  if (written == nullptr) return std::nullopt;
  Node value = *written;
  Problems unreported("");
  Checker(around_, unreported).check(value, host.shape.find(key)->shape, "");
  if (!unreported.empty()) return std::nullopt;
  return std::string(value.text.reveal());
}

void PluginTables::find_plugin(const Section& host, PluginUse& use) {
  use.plugin = checked_text(host, "plugin").value_or("");
  use.sha256 = checked_text(host, "sha256").value_or("");
  auto pin = config_.plugins.pins.find(use.plugin);
  if (use.sha256.empty() && pin != config_.plugins.pins.end()) use.sha256 = pin->second;
}

std::optional<Shape> PluginTables::add_plugin_shape(Section& section, const Job& job) {
  std::string error;
  if (!job.use.plugin.empty()) {
    auto plugin = schema_of(job);
    auto both = plugin ? merged(section.shape, *plugin) : plugin;
    if (both) {
      section.shape = std::move(*both);
      return std::move(*plugin);
    }
    problems_.add(section.node.find("plugin")->origin, child_path(job.path, "plugin"), both.error());
  }
  section.shape.open = true;
  all_inspected_ = false;
  return std::nullopt;
}

Result<Shape, std::string> PluginTables::schema_of(const Job& job) {
  PluginUse& use = job.use;
  if (config_.plugins.require_pins && use.sha256.empty()) {
    return tl::unexpected(fmt::format("{} has no pin, and plugins.require_pins is true; add its sha256 to "
                                      "plugins.pins",
                                      use.plugin));
  }
  auto published = schemas_(use.plugin, config_.plugins.dir, use.sha256, job.kind.id, config_.environment);
  if (!published) return tl::unexpected(published.error().line);
  use.remote = job.kind.remote != nullptr && published->remote.value_or(true);
  auto shape = parse_schema(published->schema);
  if (!shape) {
    return tl::unexpected(fmt::format("{}: its config schema is not valid: {}", use.plugin, shape.error()));
  }
  return shape;
}

} // namespace authd::config
