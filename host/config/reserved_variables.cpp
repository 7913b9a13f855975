// SPDX-License-Identifier: Apache-2.0
#include "config/reserved_variables.h"

#include <fmt/format.h>

#include "config/settings.h"

namespace authd::config {

std::optional<std::string> reserved_meaning(std::string_view variable, std::string_view property,
                                            std::span<const Kind> among) {
  if (variable == "PATH" || variable.starts_with("LD_")) return "is read by the dynamic linker and the shell";
  if (variable == "CREDENTIALS_DIRECTORY" || variable == "NOTIFY_SOCKET") return "is set by systemd";
  for (const Setting& s : settings()) {
    if (variable != s.variable && variable != s.fallback_variable) continue;
    const bool same = property == s.key && kind_of_table(s.table, among) != nullptr;
    if (!same) return fmt::format("sets authd's own {}.{}", s.table, s.key);
  }
  for (const Setting& s : bare_variables()) {
    if (variable == s.variable) return "is one of authd's own";
  }
  return std::nullopt;
}

} // namespace authd::config
