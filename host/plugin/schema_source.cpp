// SPDX-License-Identifier: Apache-2.0
#include "plugin/schema_source.h"

#include "plugin/inspection.h"

namespace authd::plugin {
namespace {

Result<config::PublishedSettings, config::Problem> schema_of(std::string_view plugin, std::string_view dir,
                                                             std::string_view pin, std::string_view kind,
                                                             config::Environment environment) {
  using Fault = authd::Failure<config::Problem>;
  const TrustPolicy policy{.strict_permissions = environment == config::Environment::production, .require_pins = false};
  const auto inspected = inspect(plugin_path(plugin, dir), policy, pin);
  if (!inspected) return Fault(config::Problem{inspected.error().line});
  const auto component = select_component(*inspected, kind, plugin);
  if (!component) return Fault(config::Problem{component.error().line});
  return config::PublishedSettings{(*component)->config_schema, (*component)->remote};
}

} // namespace

config::SchemaSource make_schema_source() { return schema_of; }

} // namespace authd::plugin
