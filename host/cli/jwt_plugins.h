// SPDX-License-Identifier: Apache-2.0
// Kong's jwt plugins as its Admin API lists them, compared with the tokens that authd makes.
#pragma once

#include <string_view>
#include <vector>

#include "config/config.h"
#include "daemon/gateway_probe.h"

namespace authd::cli {

// `page`: the answer of GET /plugins. Disabled plugins are left out. Throws Poco::Exception when it is no such answer.
std::vector<daemon::Finding> compare_jwt_plugins(std::string_view page, const config::Jwt& jwt);

// Reads that page from the gateway of the configuration and compares; empty for a gateway that has no such API. Never
// bad: the right to read plugins is one that authd itself does not need. [may-block]
std::vector<daemon::Finding> look_at_jwt_plugins(const config::Config& config);

} // namespace authd::cli
