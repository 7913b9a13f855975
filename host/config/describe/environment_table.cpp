// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/describe/describing.h"
#include "config/describe/wording.h"
#include "config/schema.h"
#include "config/settings.h"

namespace authd::config {
namespace {

struct Row {
  std::string variable;
  std::string setting;
  std::string values;
  std::string preset;
};

Row row_of(const Shape& shape, std::string setting) {
  std::string variable = shape.variable;
  if (!shape.fallback_variable.empty()) variable += ", else " + shape.fallback_variable;
  std::string values = allowed_values(shape, shape.variable);
  std::vector<std::string> aliases;
  for (const auto& [alias, meaning] : shape.aliases) aliases.push_back(fmt::format("{} ({})", alias, meaning));
  if (!aliases.empty()) values += fmt::format(", or {}", fmt::join(aliases, ", "));
  if (shape.not_built) return {std::move(variable), std::move(setting), std::move(values), "no effect yet"};
  return {std::move(variable), std::move(setting), std::move(values), default_as_variable(shape)};
}

void collect(const Shape& object, const std::string& prefix, const std::string& note, std::vector<Row>& rows) {
  for (const Property& p : object.properties) {
    std::string path = prefix + "." + p.name;
    if (p.shape.type == Type::object) collect(p.shape, path, note, rows);
    if (p.shape.variable.empty()) continue;
    Row row = row_of(p.shape, path);
    if (p.required) row.preset = "required" + note;
    bool known = std::any_of(rows.begin(), rows.end(),
                             [&](const Row& r) { return r.variable == row.variable && r.setting == row.setting; });
    if (!known) rows.push_back(std::move(row));
  }
}

std::vector<Row> all_rows(const std::vector<PluginSchema>& plugins) {
  std::vector<Row> rows{{"VARIABLE", "SETTING", "VALUE", "DEFAULT"}};
  for (const Table& table : tables()) {
    std::string prefix = std::string(table.name) + (table.repeated ? "[]" : "");
    collect(shape_of_table(table.name), prefix, "", rows);
    for (const PluginSchema& plugin : plugins) {
      auto shape = plugin.table == table.name ? parse_schema(plugin.json) : tl::unexpected(std::string());
      if (shape) collect(*shape, prefix, " by " + plugin.plugin, rows);
    }
  }
  for (const Setting& s : bare_variables()) rows.push_back(row_of(shape_of(s), "-"));
  rows.push_back({"CREDENTIALS_DIRECTORY", "${credential:NAME}", "path, set by systemd", ""});
  return rows;
}

} // namespace

std::string environment_table(const std::vector<PluginSchema>& plugins) {
  std::vector<Row> rows = all_rows(plugins);
  auto width = [&](std::string Row::*column) {
    std::size_t widest = 0;
    for (const Row& row : rows) widest = std::max(widest, (row.*column).size());
    return widest;
  };
  std::size_t variable = width(&Row::variable);
  std::size_t setting = width(&Row::setting);
  std::size_t values = width(&Row::values);
  std::string out;
  for (const Row& row : rows) {
    std::string line = fmt::format("{:{}}  {:{}}  {:{}}  {}", row.variable, variable, row.setting, setting, row.values,
                                   values, row.preset);
    line.resize(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

} // namespace authd::config
