// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace authd::cli {

// `authd probe`: prints what daemon/gateway_probe.h and cli/jwt_plugins.h find. 0: nothing bad; 1: something bad, or
// the configuration cannot be used. [may-block]
int probe(const std::string& config_file);

} // namespace authd::cli
