// SPDX-License-Identifier: Apache-2.0
// Lines of NAME=value are the environment of an authd without a file; what it needs is set before. Required:
// loaded_settings.h; and the values of variables that are secrets, which get a word more, are not shown.
#include <algorithm>
#include <array>

#include "fuzz_target.h"
#include "loaded_settings.h"

namespace authd::fuzz {
namespace {

constexpr std::array<std::string_view, 5> kSecrets = {"KONG_ADMIN_TOKEN", "REDIS_PASSWORD", "REDIS_URL",
                                                      "AUTHD_CACHE_KEYS", "OTEL_EXPORTER_OTLP_HEADERS"};
const std::string kPlanted = "planted1c5b02f0";

config::EnvironmentVariables variables_in(std::string_view text) {
  config::EnvironmentVariables variables{{"KONG_JWT_AUTHORITY", "https://auth.example.com"},
                                         {"KONG_JWT_AUDIENCE", "api"},
                                         {"KONG_ADMIN_URL", "https://kong.example.com:8444"}};
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string name(take_until(line, "="));
    variables[name] = line;
    if (std::find(kSecrets.begin(), kSecrets.end(), name) != kSecrets.end()) variables[name] += kPlanted;
  }
  return variables;
}

} // namespace

void environment(Bytes input) {
  const std::string_view text = as_text(input);
  const bool says_it_itself = text.find(kPlanted) != std::string_view::npos;
  require_sound(load_environment(variables_in(text)),
                says_it_itself ? std::vector<std::string>() : std::vector{kPlanted});
}

} // namespace authd::fuzz
