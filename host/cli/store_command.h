// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/command_line.h"

namespace CLI {
class App;
}

namespace authd::cli {

// `authd store check|backup|export|import|reseal`: each opens the configured store itself, beside an authd that may be
// using it. 0: done; 1: why not, on stderr.
class StoreCommands {
 public:
  // Both must outlive this.
  StoreCommands(CLI::App& app, CommandLine& line);
  StoreCommands(const StoreCommands&) = delete;
  StoreCommands& operator=(const StoreCommands&) = delete;

 private:
  int check() const;
  int backup() const;
  int export_to() const;
  int import_from() const;
  int reseal() const;

  const CommandLine& line_;
  std::string file_;
  bool open_ = false;
};

} // namespace authd::cli
