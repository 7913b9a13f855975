// SPDX-License-Identifier: Apache-2.0
// What stands in the place of the gateway's adapter where none is configured: it is up, knows nobody, and is never
// asked.
#pragma once

#include <memory>

#include "base/log.h"
#include "plugin/instance.h"

namespace authd::plugin {

// Throws std::runtime_error when there is no memory for it. The log must outlive it.
std::shared_ptr<Instance> no_gateway(Log& log);

} // namespace authd::plugin
