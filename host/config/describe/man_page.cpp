// SPDX-License-Identifier: Apache-2.0
// authd.toml(5), in the macros of man(7).
#include <fmt/format.h>

#include "base/version.h"
#include "config/describe/describing.h"
#include "config/describe/wording.h"
#include "config/printing.h"
#include "config/schema.h"
#include "config/settings.h"

namespace authd::config {
namespace {

constexpr std::string_view kDescription =
    "The configuration of authd(8). What this file says overrides the defaults, and the environment variables named "
    "below override this file. \"authd config check FILE\" prints every error, \"authd config show\" the values in "
    "effect and where each comes from. SIGHUP, \"authd reload\" and \"systemctl reload authd\" put a changed file into "
    "effect, or refuse it as a whole.";

constexpr std::string_view kValues =
    "Durations and sizes are strings with a unit: \"500ms\", \"30s\", \"15m\", \"2h\"; \"16KiB\". A variable's value "
    "has the unit in the variable's name, or milliseconds if there is none. Any string may be a reference instead: "
    "\"${env:NAME}\", \"${file:/path}\" (a trailing newline is removed) or \"${credential:NAME}\" (LoadCredential= in "
    "systemd.exec(5)). A value that comes through a reference is never printed.";

// Text that roff takes for nothing else; one line, however long.
std::string escaped(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out += "\\&";
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-"; // else a hyphen, which nobody can copy
    } else {
      out += c;
    }
  }
  return out;
}

std::string section(std::string_view title) { return fmt::format(".SH \"{}\"\n", escaped(title)); }
std::string paragraph(std::string_view text) { return text.empty() ? "" : escaped(text) + "\n.br\n"; }

// Not filled, because a value may be longer than a line.
std::string value(std::string_view text) { return ".nf\n" + escaped(text) + "\n.fi\n"; }

std::string entry(const Property& p, const std::string& within = {}) {
  if (p.shape.not_built) return "";
  const std::string name = within + printed_key(p.name);
  std::string out;
  for (const Property& inner : p.shape.properties) out += entry(inner, name + ".");
  if (!p.shape.properties.empty()) return out;
  const std::string preset = default_as_toml(p.shape);
  out += fmt::format(".TP\n.B {}\n", escaped(name));
  out += paragraph(p.shape.description) + paragraph(facts(p));
  if (!preset.empty()) return out + value("Default: " + preset);
  if (p.shape.type != Type::object) return out + value("Example: " + example_value(p));
  std::string example = "Example:";
  for (const std::string& line : assignments(name, p)) example += "\n" + line;
  return out + value(example);
}

std::string plugin_part(const PluginSchema& plugin, const Shape& host) {
  const auto shape = parse_schema(plugin.json);
  if (!shape) return "";
  std::string out = fmt::format(".SS \"{}\"\n", escaped("with plugin = " + plugin.plugin));
  for (const Property& p : shape->properties) {
    const Property* same = host.find(p.name);
    if (same == nullptr || same->shape.not_built) out += entry(p);
  }
  return out;
}

std::string table_part(const Table& table, const std::vector<PluginSchema>& plugins) {
  const Shape host = shape_of_table(table.name);
  std::string entries;
  for (const Property& p : host.properties) entries += entry(p);
  if (entries.empty()) return "";
  std::string out = section(table.repeated ? fmt::format("[[{}]]", table.name) : fmt::format("[{}]", table.name));
  out += escaped(table.description) + '\n' + entries;
  for (const PluginSchema& plugin : plugins) {
    if (plugin.table == table.name) out += plugin_part(plugin, host);
  }
  return out;
}

} // namespace

std::string man_page(const std::vector<PluginSchema>& plugins) {
  std::string out = fmt::format(".TH AUTHD.TOML 5 \"\" \"authd {}\" \"authd\"\n", kVersion);
  out += ".ad l\n.nh\n" + section("NAME") + "authd.toml \\- configuration of authd\n";
  out += section("SYNOPSIS") + "/etc/authd/authd.toml\n";
  out += section("DESCRIPTION") + escaped(kDescription) + "\n.PP\n" + escaped(kValues) + '\n';
  for (const Table& table : tables()) out += table_part(table, plugins);
  return out + section("SEE ALSO") + ".BR authd (8)\n";
}

} // namespace authd::config
