// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace authd::cli {

// sysexits.h: the configuration, or a plugin that it names, cannot be used.
inline constexpr int kExitConfig = 78;
// sysexits.h: the command line is none.
inline constexpr int kExitUsage = 64;
// `cache invalidate`: done here, but not in every instance. Else it is 0, or 1 when nothing was done.
inline constexpr int kExitNotEverywhere = 2;

struct CommandLine {
  std::string config_file;      // --config; empty: /etc/authd/authd.toml if it exists, else the environment
  std::optional<int> exit_code; // set: a command has been carried out, end with this
};

// Parses, and carries out every command but the main one, which is to serve.
CommandLine run_command_line(int argc, char** argv);

} // namespace authd::cli
