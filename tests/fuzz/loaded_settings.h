// SPDX-License-Identifier: Apache-2.0
// A configuration loaded with the schemas of the built plugins, and what must hold of the outcome.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/loading.h"

namespace authd::fuzz {

using Loaded = Result<config::Config, std::vector<config::Problem>>;

// As authd loads a file of this text; its name is that of a descriptor, /proc/self/fd/N.
Loaded load_text(std::string_view text, const config::EnvironmentVariables& variables);
// As authd loads without a file.
Loaded load_environment(const config::EnvironmentVariables& variables);

// A refusal has reasons of one line each; what `config show` prints is TOML and, unless something in it is withheld,
// loads again to the same. Neither shows a word of `planted`.
void require_sound(const Loaded& loaded, const std::vector<std::string>& planted);

} // namespace authd::fuzz
