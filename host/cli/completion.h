// SPDX-License-Identifier: Apache-2.0
// `authd completion SHELL`: a script by which a shell completes commands and options, made from the command line's own
// description, so that it names what there is.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace authd::cli {

inline const std::vector<std::string> kShells{"bash", "zsh", "fish"};

// `shell`: one of kShells. `app`: the whole command line, after all was added to it.
std::string completion(const CLI::App& app, const std::string& shell);

} // namespace authd::cli
