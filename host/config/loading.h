// SPDX-License-Identifier: Apache-2.0
// Defaults <- authd.toml <- environment, then validation of the whole; every error at once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/environment_variables.h"
#include "config/kinds.h"
#include "config/problems.h"
#include "config/schema_source.h"

namespace authd::config {

// plugins.dir when it is not set: beside the executable's folder, else the installed one.
std::string default_plugin_dir();

// What a plugin itself says of settings that its schema allows: whole lines.
struct PluginVerdict {
  std::vector<Problem> problems;
  std::vector<std::string> warnings; // what does not prevent a start
};
// Given what the rest of the configuration says, the plugin's table and its kind.
using PluginTrial = std::function<PluginVerdict(const Config& config, const PluginUse& use, std::string_view kind)>;

// Where a socket that the service manager passed listens.
struct ListeningAddress {
  std::string host; // an IP address
  std::uint16_t port = 0;
};

struct LoadOptions {
  // A reference to a credential of systemd, outside of the unit that has it, is a warning instead of a problem; no
  // rule is applied to the value.
  bool trust_absent_credentials = false;
  PluginTrial trial = {};         // none: the schemas alone judge
  bool trial_of_good_ones = true; // false: only with a configuration that is refused anyway, to say all at once
  // In effect instead of server.host and server.port; a warning when those are set.
  std::optional<ListeningAddress> listener = {};
  std::span<const Kind> kinds = config::kinds(); // others than authd's, for tests
};

// `file` empty: /etc/authd/authd.toml if it exists, else only the environment.
Result<Config, std::vector<Problem>> load(std::string_view file, const EnvironmentVariables& env,
                                          const SchemaSource& schemas, const LoadOptions& options = {});

} // namespace authd::config
