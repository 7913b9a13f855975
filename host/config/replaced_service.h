// SPDX-License-Identifier: Apache-2.0
// Variables of the service that authd replaces which mean nothing here, or something else: docs/migrating.md.
#pragma once

#include "config/config.h"
#include "config/environment_variables.h"

namespace authd::config {

// One warning for each, with what to write instead. The configuration is complete.
void warn_of_replaced_variables(const EnvironmentVariables& variables, Config& config);

} // namespace authd::config
