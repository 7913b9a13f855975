// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/problems.h"

namespace authd::cli {

// What a command does with credentials of systemd's, which only the unit has: nothing, or it cannot do without.
enum class Credentials { unused, needed };

// The configuration as the daemon would read it: of `file`, else /etc/authd/authd.toml, and the environment.
Result<config::Config, std::vector<config::Problem>> load(const std::string& file,
                                                          Credentials credentials = Credentials::unused);

// One line each, to stderr. Returns the exit code, 1.
int print_problems(const std::vector<config::Problem>& problems);

} // namespace authd::cli
