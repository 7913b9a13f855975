// SPDX-License-Identifier: Apache-2.0
// From a name in the configuration to a running plugin instance. Nothing of a plugin runs before its
// file has been inspected.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "authd/abi.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "plugin/host_context.h"
#include "plugin/inspection.h"
#include "plugin/instance.h"

namespace authd::plugin {

class Loader {
 public:
  // `log` and the tables of `services` must outlive every instance.
  Loader(TrustPolicy policy, Services services, Log& log);

  // inspect, dlopen, compare descriptor and note, pick the component of `kind` (AUTHD_GATEWAY_V1, ...),
  // create. The settings were validated against the note's schema before. `pin` may be empty; the use's
  // own sha256 comes first.
  Result<std::shared_ptr<Instance>, Refusal> load(const config::PluginUse& use, std::string_view dir,
                                                  std::string_view pin, std::string_view kind) const;

 private:
  TrustPolicy policy_;
  Services services_;
  Log& log_;
};

// An instance over tables that are already in the process, for tests of what stands above the loader.
// Calls create with the settings. `min_minor` is what a descriptor would say.
Result<std::shared_ptr<Instance>, Refusal> adopt(const authd_component& component, std::string name,
                                                 config::PluginSettings settings, Log& log, Services services = {},
                                                 unsigned min_minor = AUTHD_ABI_MINOR);

} // namespace authd::plugin
