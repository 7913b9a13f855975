// SPDX-License-Identifier: Apache-2.0
// How the loader makes instances; everybody else has loader.h.
#pragma once

#include <memory>
#include <string>

#include "plugin/loader.h"

namespace authd::plugin {

// Where an instance comes from, for its log lines and its refusals.
struct Origin {
  std::string plugin_id;
  std::string version;
  std::string path; // empty: adopted
  unsigned min_minor = AUTHD_ABI_MINOR;
  std::string mode = {}; // of the note
};

// Checks operations and services, then calls create.
Result<std::shared_ptr<Instance>, Refusal> create_instance(const authd_component& component, Origin origin,
                                                           std::string name, config::PluginSettings settings,
                                                           Services services, Log& log,
                                                           std::shared_ptr<const TlsIdentity> tls = nullptr);

} // namespace authd::plugin
