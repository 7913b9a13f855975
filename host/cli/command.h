// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace authd::cli {

// Adds a command and binds it to what carries it out; CLI11 runs the callback of the command
// that was given. `file`: where its argument FILE is put; null: it takes none.
inline CLI::App* command(CLI::App& parent, const std::string& name, const std::string& summary, std::string* file,
                         std::optional<int>& exit_code, std::function<int()> run) {
  CLI::App* app = parent.add_subcommand(name, summary);
  if (file != nullptr) app->add_option("FILE", *file);
  app->callback([&exit_code, run = std::move(run)] { exit_code = run(); });
  return app;
}

} // namespace authd::cli
