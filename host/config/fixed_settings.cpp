// SPDX-License-Identifier: Apache-2.0
#include "config/fixed_settings.h"

#include <fmt/format.h>

#include "config/settings.h"

namespace authd::config {

FixedSettings fixed_settings(const Config& config) {
  FixedSettings values;
  for (const Setting& s : settings()) {
    if (s.fixed != nullptr) values.emplace(fmt::format("{}.{}", s.table, s.key), s.fixed(config));
  }
  return values;
}

std::vector<std::string> differing(const FixedSettings& a, const FixedSettings& b) {
  std::vector<std::string> paths;
  for (const auto& [path, value] : a) {
    auto other = b.find(path);
    if (other == b.end() || other->second != value) paths.push_back(path);
  }
  return paths;
}

} // namespace authd::config
