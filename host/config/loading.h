// SPDX-License-Identifier: Apache-2.0
// Defaults <- authd.toml <- environment, then validation of the whole; every error at once.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/kinds.h"

namespace authd::config {

// "etc/authd.toml:14:11: breaker.timeout: 50ms is below the minimum of 100ms" or
// "CIRCUIT_BREAKER_TIMEOUT: ..."; one line, what is wrong and what is allowed.
struct Problem {
  std::string line;
};

// The process's environment, or a test's.
using EnvironmentVariables = std::map<std::string, std::string, std::less<>>;
EnvironmentVariables process_environment();

// plugins.dir when nobody sets it: beside the executable's folder, else the installed one.
std::string default_plugin_dir();

// What a plugin's ELF note says that its table is judged by.
struct PublishedSettings {
  std::string schema;              // JSON
  std::optional<bool> remote = {}; // Kind::remote; nothing: not said
};

// Where the loader gets that from, without running the plugin. Given plugin name (or path), plugins.dir, the pin
// (sha256 or empty) and kind ("authd.cache/1"); the error is a whole line.
using SchemaSource = std::function<Result<PublishedSettings, Problem>(std::string_view plugin, std::string_view dir,
                                                                      std::string_view pin, std::string_view kind,
                                                                      Environment environment)>;

// What a plugin itself says of settings that its schema allows: whole lines.
struct PluginVerdict {
  std::vector<Problem> problems;
  std::vector<std::string> warnings; // what keeps nobody from starting
};
// Given what the rest of the configuration says, the plugin's table and its kind.
using PluginTrial = std::function<PluginVerdict(const Config& config, const PluginUse& use, std::string_view kind)>;

struct LoadOptions {
  // A reference to a credential of systemd, outside of the unit that has it, is a warning instead of a problem; no
  // rule is applied to the value.
  bool trust_absent_credentials = false;
  PluginTrial trial = {};         // none: the schemas alone judge
  bool trial_of_good_ones = true; // false: only with a configuration that is refused anyway, to say all at once
  std::span<const Kind> kinds = config::kinds(); // others than authd's, for tests
};

// `file` empty: /etc/authd/authd.toml if it exists, else the environment alone.
Result<Config, std::vector<Problem>> load(std::string_view file, const EnvironmentVariables& env,
                                          const SchemaSource& schemas, const LoadOptions& options = {});

} // namespace authd::config
