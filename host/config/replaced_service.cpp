// SPDX-License-Identifier: Apache-2.0
#include "config/replaced_service.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/plugin_settings.h"

namespace authd::config {
namespace {

constexpr std::string_view kAddsRedis = "REDIS_ENABLED";

bool has_redis(const Config& config) {
  const auto is_it = [](const Tier& tier) { return plugin_name(tier.plugin) == "cache-redis"; };
  return std::any_of(config.cache.begin(), config.cache.end(), is_it);
}

// Who sets REDIS_ENABLED, to whatever, has decided.
void warn_of_unused_redis(const EnvironmentVariables& variables, Config& config) {
  if (has_redis(config) || variables.contains(kAddsRedis)) return;
  std::vector<std::string> names;
  for (const auto& [name, value] : variables) {
    if (name.starts_with("REDIS_") && !value.empty()) names.push_back(name);
  }
  if (names.empty()) return;
  config.warnings.push_back(fmt::format("{}: no effect without a Redis tier; set {}=true, or add a [[cache]] with "
                                        "plugin = \"cache-redis\"",
                                        fmt::join(names, ", "), kAddsRedis));
}

void warn_of_renamed(const EnvironmentVariables& variables, Config& config) {
  const auto origin = variables.find("API_CORS_ORIGIN");
  if (origin == variables.end() || origin->second.empty()) return;
  config.warnings.push_back("API_CORS_ORIGIN: not read; set API_CORS to the same value, or api.cors");
}

void warn_of_silence(const EnvironmentVariables& variables, Config& config) {
  const auto level = variables.find("LOG_LEVEL");
  if (level == variables.end() || level->second != "silent") return;
  config.warnings.push_back("LOG_LEVEL: silent is taken as fatal, because what ends authd is always said; set fatal");
}

} // namespace

void warn_of_replaced_variables(const EnvironmentVariables& variables, Config& config) {
  warn_of_unused_redis(variables, config);
  warn_of_renamed(variables, config);
  warn_of_silence(variables, config);
}

} // namespace authd::config
