// SPDX-License-Identifier: Apache-2.0
// `authd health`: a container's health check, which has no shell and no curl.
#pragma once

#include <string>

namespace authd::cli {

// Asks the listener of the configuration, on this machine, for /health/ready, or with `live` for /health/live, within
// five seconds. Its certificate is not verified, as a kubelet's probe does not: nothing secret is sent. Prints the
// answer. 0: it is 200; 1: it is not, or none came.
int check_health(const std::string& config_file, bool live);

} // namespace authd::cli
