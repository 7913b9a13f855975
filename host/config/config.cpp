// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>
#include <cctype>

namespace authd::config {

std::string_view name_of(Environment e) {
  switch (e) {
  case Environment::development:
    return "development";
  case Environment::staging:
    return "staging";
  case Environment::production:
    return "production";
  case Environment::test:
    return "test";
  case Environment::local:
    return "local";
  }
  return "development";
}

Environment environment_named(std::string_view name) {
  for (Environment e : {Environment::staging, Environment::production, Environment::test, Environment::local}) {
    if (name_of(e) == name) return e;
  }
  return Environment::development;
}

std::string_view name_of(TelemetryMode mode) {
  switch (mode) {
  case TelemetryMode::console:
    return "console";
  case TelemetryMode::otlp:
    return "otlp";
  case TelemetryMode::both:
    return "both";
  }
  return "console";
}

std::string lower_hex(std::string_view digits) {
  std::string out(digits);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

} // namespace authd::config
