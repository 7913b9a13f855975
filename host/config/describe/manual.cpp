// SPDX-License-Identifier: Apache-2.0
// The commented etc/authd.toml.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/describe/describing.h"
#include "config/describe/wording.h"
#include "config/printing.h"
#include "config/schema.h"
#include "config/settings.h"

namespace authd::config {
namespace {

constexpr std::size_t kWidth = 100;

constexpr std::string_view kIntroduction = "Configuration of authd: every setting that has an effect, commented "
                                           "out, with its default. What is required has an example instead: change "
                                           "it. This file is generated from the settings table, and a test compares "
                                           "the two.";

constexpr std::string_view kRules[] = {
    "This file overrides the defaults, and the environment variables named below override this file. `authd config "
    "check FILE` prints every error, `authd config show` the values in effect and where each came from.",
    "Durations and sizes are strings with a unit: \"500ms\", \"30s\", \"15m\", \"2h\", \"30d\"; \"16KiB\". A "
    "variable's value "
    "has the unit in the variable's name, or milliseconds if there is none.",
    "Any string may be a reference instead: \"${env:NAME}\", \"${file:/path}\" (a trailing newline is removed) or "
    "\"${credential:NAME}\" (systemd). A value that comes through a reference is never printed. Keep secrets out of "
    "this file.",
};

std::string commented(std::string_view text) {
  std::string out;
  std::string line = "#";
  while (!text.empty()) {
    std::size_t blank = text.find(' ');
    std::string_view word = text.substr(0, blank);
    if (line.size() + 1 + word.size() > kWidth) {
      out += line + "\n";
      line = "#";
    }
    line += fmt::format(" {}", word);
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  }
  return out + line + "\n";
}

// Without what is `needed` authd does not start.
enum class Need { optional, needed };

std::string lines_of(const std::string& name, const Property& p, Need need) {
  const std::string mark = need == Need::needed && p.required ? "" : "#";
  std::string out;
  for (const std::string& line : assignments(name, p)) out += mark + line + '\n';
  return out;
}

std::string entry(const Property& p, Need need, const std::string& within = {}) {
  if (p.shape.not_built) return "";
  const std::string name = within + printed_key(p.name);
  if (!p.shape.properties.empty()) {
    std::string out;
    for (const Property& inner : p.shape.properties) out += entry(inner, need, name + ".");
    return out;
  }
  std::string out = "\n";
  if (!p.shape.description.empty()) out += commented(p.shape.description);
  if (std::string said = facts(p); !said.empty()) out += commented(said);
  return out + lines_of(name, p, need);
}

// Whether the table has this plugin unless it says otherwise.
bool is_preset(const PluginSchema& plugin, const Shape& host) {
  const Property* name = host.find("plugin");
  return name != nullptr && name->shape.preset && name->shape.preset->text.reveal() == plugin.plugin;
}

std::string plugin_part(const PluginSchema& plugin, const Shape& host, bool left_out) {
  auto shape = parse_schema(plugin.json);
  if (!shape) return "";
  std::string out = "\n" + commented(fmt::format("--- with plugin = {} ---", in_quotes(plugin.plugin)));
  const Need need = is_preset(plugin, host) && !left_out ? Need::needed : Need::optional;
  for (const Property& p : shape->properties) {
    const Property* same = host.find(p.name);
    if (same == nullptr || same->shape.not_built) out += entry(p, need);
  }
  return out;
}

std::string example_part(std::string_view example) {
  if (example.empty()) return "";
  std::string out = "\n# --- a second tier, for example ---\n\n";
  for (; !example.empty(); example.remove_prefix(example.find('\n') + 1)) {
    out += fmt::format("#{}\n", example.substr(0, example.find('\n')));
  }
  return out;
}

bool is_built(const Property& p) { return !p.shape.not_built; }

// Whether authd has no plugin of the kind without the table: it is shown commented out as a whole.
bool is_left_out(const Table& table) {
  const Kind* kind = kind_of_table(table.name);
  return kind != nullptr && !kind->always;
}

std::string table_part(const Table& table, const std::vector<PluginSchema>& plugins) {
  Shape host = shape_of_table(table.name);
  if (std::none_of(host.properties.begin(), host.properties.end(), is_built)) return "";
  std::string out = "\n\n" + commented(table.description);
  const bool left_out = is_left_out(table);
  if (left_out) out += '#';
  out += table.repeated ? fmt::format("[[{}]]\n", table.name) : fmt::format("[{}]\n", table.name);
  for (const Property& p : host.properties) out += entry(p, left_out ? Need::optional : Need::needed);
  for (const PluginSchema& plugin : plugins) {
    if (plugin.table == table.name) out += plugin_part(plugin, host, left_out);
  }
  return out + example_part(table.example);
}

} // namespace

std::string commented_manual(const std::vector<PluginSchema>& plugins) {
  std::string out = "# SPDX-License-Identifier: Apache-2.0\n" + commented(kIntroduction);
  for (std::string_view rule : kRules) out += "#\n" + commented(rule);
  for (const Table& table : tables()) out += table_part(table, plugins);
  return out;
}

} // namespace authd::config
