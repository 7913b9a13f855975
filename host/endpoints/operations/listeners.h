// SPDX-License-Identifier: Apache-2.0
// What each listener serves, for whoever has no server to ask: `authd openapi`. A test compares it with what the
// running daemon says of itself.
#pragma once

#include <vector>

#include "config/config.h"
#include "http/operation.h"

namespace authd::endpoints::operations {

// What depends on the configuration.
struct Served {
  bool gateway = true; // tokens of consumers
  bool signer = false; // keys of authd's own
};

// In the order in which the daemon adds the routes.
std::vector<const http::Operation*> of_public_listener(config::Environment environment, Served served = {});
std::vector<const http::Operation*> of_admin_listener();

} // namespace authd::endpoints::operations
