// SPDX-License-Identifier: Apache-2.0
#include "cli/loaded_config.h"

#include <cstdlib>
#include <iostream>

#include "config/loading.h"
#include "plugin/schema_source.h"

namespace authd::cli {

Result<config::Config, std::vector<config::Problem>> load(const std::string& file, Credentials credentials) {
  config::LoadOptions options;
  options.trust_absent_credentials = credentials == Credentials::unused;
  return config::load(file, config::process_environment(), plugin::make_schema_source(), options);
}

int print_problems(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) std::cerr << problem.line << '\n';
  return EXIT_FAILURE;
}

} // namespace authd::cli
