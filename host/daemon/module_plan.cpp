// SPDX-License-Identifier: Apache-2.0
#include "daemon/module_plan.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "authd/endpoint.h"
#include "daemon/plugin_set.h"
#include "endpoints/operations/listeners.h"
#include "plugin/inspection.h"

namespace authd::daemon {
namespace {

std::string ungranted(const plugin::Declared& declared, const config::Endpoint& module) {
  std::vector<std::string> missing;
  for (const std::string& need : declared.needs)
    if (std::find(module.grant.begin(), module.grant.end(), need) == module.grant.end()) missing.push_back(need);
  if (module.grant.empty() || missing.empty()) return {};
  return fmt::format("{}: needs {}, which its grant does not name; add it, or use another file\n", module.name,
                     fmt::join(missing, ", "));
}

// With the problems of this one module appended to `lines`.
PlannedModule plan(const config::Config& config, const config::Endpoint& module, std::string& lines) {
  static const auto nothing = std::make_shared<const plugin::Declared>();
  PlannedModule planned{nothing, {}};
  const std::string path = plugin::plugin_path(module.plugin, config.plugins.dir);
  const auto inspected = plugin::inspect(path, trust_policy(config), pin_for(config, module));
  const auto component = inspected ? plugin::select_component(*inspected, AUTHD_ENDPOINT_V1, module.plugin)
                                   : tl::unexpected(inspected.error());
  if (!component) {
    lines += lines_of(component.error(), module);
    return planned;
  }
  if ((*component)->declared != nullptr) planned.declared = (*component)->declared;
  lines += ungranted(*planned.declared, module);
  auto operations = endpoints::read_operations(*planned.declared, module);
  if (operations)
    planned.operations = std::move(*operations);
  else
    lines += operations.error();
  return planned;
}

} // namespace

std::vector<PlannedModule> plan_modules(const config::Config& config) {
  std::string lines;
  std::vector<PlannedModule> modules;
  for (const config::Endpoint& module : config.endpoints) modules.push_back(plan(config, module, lines));
  if (!modules.empty()) {
    std::vector<const endpoints::ModuleOperations*> operations;
    for (const PlannedModule& module : modules) operations.push_back(&module.operations);
    const auto built_in =
        endpoints::operations::of_public_listener(config.environment, {config.has_gateway, has_signer(config)});
    for (const std::string& line : endpoints::conflicts(operations, built_in)) lines += line + '\n';
  }
  if (!lines.empty()) throw Refused(lines);
  return modules;
}

} // namespace authd::daemon
