// SPDX-License-Identifier: Apache-2.0
#include "cli/probe_command.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <iterator>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/jwt_plugins.h"
#include "cli/loaded_config.h"
#include "daemon/gateway_probe.h"
#include "daemon/plugin_set.h"

namespace authd::cli {
namespace {

using daemon::Finding;

std::string_view name_of(Finding::Verdict verdict) {
  switch (verdict) {
  case Finding::Verdict::good:
    return "ok";
  case Finding::Verdict::warning:
    return "warning";
  case Finding::Verdict::bad:
    break;
  }
  return "error";
}

} // namespace

int probe(const std::string& config_file) {
  const auto config = load(config_file, Credentials::needed);
  if (!config) return print_problems(config.error());
  std::signal(SIGPIPE, SIG_IGN);
  Log::Options quiet; // what is worth a line of the log is found anyway
  quiet.level = Level::error;
  quiet.fd = STDERR_FILENO;
  Log log(quiet);
  std::vector<Finding> findings;
  try {
    findings = daemon::probe_gateway(*config, log);
  } catch (const daemon::Refused& refusal) {
    std::cerr << refusal.what();
    return EXIT_FAILURE;
  }
  const auto is_bad = [](const Finding& finding) { return finding.verdict == Finding::Verdict::bad; };
  if (std::none_of(findings.begin(), findings.end(), is_bad)) {
    auto plugins = look_at_jwt_plugins(*config);
    std::move(plugins.begin(), plugins.end(), std::back_inserter(findings));
  }
  for (const Finding& finding : findings) std::cout << fmt::format("{:<9}{}\n", name_of(finding.verdict), finding.text);
  return std::any_of(findings.begin(), findings.end(), is_bad) ? EXIT_FAILURE : EXIT_SUCCESS;
}

} // namespace authd::cli
