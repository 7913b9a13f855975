// SPDX-License-Identifier: Apache-2.0
// What the modules of a configuration declare, judged together before any of them runs: what they may need, whether
// their routes can be served, and whether two owners want the same one.
#pragma once

#include <memory>
#include <vector>

#include "config/config.h"
#include "endpoints/module_operation.h"
#include "plugin/declared.h"

namespace authd::daemon {

struct PlannedModule {
  std::shared_ptr<const plugin::Declared> declared; // of its note, never null
  endpoints::ModuleOperations operations;
};

// One for each [[endpoint]], in order. Runs nothing of theirs. Throws Refused (plugin_set.h), a line for each problem.
std::vector<PlannedModule> plan_modules(const config::Config& config);

} // namespace authd::daemon
