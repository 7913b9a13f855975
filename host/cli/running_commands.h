// SPDX-License-Identifier: Apache-2.0
// The commands that ask the running authd, over its admin listener: cache, reload, plugins, keys, status, ui.
#pragma once

#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/command_line.h"
#include "cli/status_command.h"

namespace authd::cli {

// Where that listener is: with `socket` no configuration is needed, so that who operates authd need not be able to
// read its secrets.
struct AdminAddress {
  std::string socket;      // unix:/path, /path or host:port; empty: admin.listen of the configuration
  std::string config_file; // as --config
};

// Adds them to an app. Holds what their options say, so it must live until the command line is parsed.
class RunningCommands {
 public:
  RunningCommands(CLI::App& app, CommandLine& line);
  RunningCommands(const RunningCommands&) = delete;
  RunningCommands& operator=(const RunningCommands&) = delete;

 private:
  void add_cache(CLI::App& app);
  void add_operations(CLI::App& app);
  void add_keys(CLI::App& app);
  void add_status(CLI::App& app);
  void add_socket(CLI::App* to);
  AdminAddress admin() const { return {socket_, line_.config_file}; }

  CommandLine& line_;
  std::string socket_;
  std::string consumer_;
  bool all_ = false;
  std::string algorithm_;
  bool emergency_ = false;
  bool json_ = false;
  StatusOptions status_;
  std::uint16_t port_ = 0;
};

} // namespace authd::cli
