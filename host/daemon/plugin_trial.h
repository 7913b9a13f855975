// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "config/loading.h"

namespace authd::daemon {

// Creates the plugin with its settings and destroys it, in a child process that has ten seconds, so that neither a
// crash nor a plugin that hangs is more than a problem. Returns what the daemon would say, and as warnings what the
// plugin logs as such; what depends on a value that is unknown is left out. Forks: only where this process has no other
// thread. [may-block]
config::PluginVerdict try_plugin(const config::Config& config, const config::PluginUse& use, std::string_view kind);

} // namespace authd::daemon
