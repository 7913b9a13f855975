// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "config/describe/describing.h"

namespace authd::config {
namespace {

// "cache[0].ttl" -> "cache[0]" and "ttl". No table of ours has a dot in its name.
std::pair<std::string_view, std::string_view> split(std::string_view path) {
  std::size_t dot = path.find('.');
  return {path.substr(0, dot), path.substr(dot + 1)};
}

std::string header_of(std::string_view table) {
  std::size_t bracket = table.find('[');
  if (bracket == std::string_view::npos) return fmt::format("\n[{}]\n", table);
  return fmt::format("\n[[{}]]\n", table.substr(0, bracket));
}

} // namespace

std::string show(const Config& config) {
  std::string out = fmt::format("# Read: {}{}environment.\n", config.file, config.file.empty() ? "" : ", then the ");
  for (const std::string& warning : config.warnings) out += fmt::format("# Warning: {}\n", warning);
  std::string_view current;
  for (const EffectiveValue& value : config.effective) {
    auto [table, key] = split(value.path);
    if (table != current) out += header_of(table);
    current = table;
    out += fmt::format("{} = {} # {}\n", key, value.toml, value.origin);
  }
  return out;
}

} // namespace authd::config
