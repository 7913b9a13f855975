// SPDX-License-Identifier: Apache-2.0
// From a name in the configuration to a running plugin instance. Nothing of a plugin runs before its
// file has been inspected.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "authd/abi.h"
#include "base/call.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "plugin/calls_under_way.h"
#include "plugin/host_context.h"
#include "plugin/inspection.h"

namespace authd::plugin {

// A created instance; its destructor stops (if started) and destroys it. The library stays mapped.
class Instance {
 public:
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  // Within 10 s; a failure leaves an instance that only waits to be destroyed. [may-block]
  Result<void, Refusal> start();
  void stop(); // idempotent, within 10 s as far as the plugin honours its deadline
  const std::string& name() const;
  const std::string& plugin_id() const;
  const std::string& plugin_version() const;
  unsigned min_minor() const;      // the least ABI minor that the plugin needs
  const std::string& mode() const; // what /health calls it: of its note, else the plugin's id
  const std::string& path() const; // empty if adopted
  const authd_component& component() const;
  void* self() const;
  bool uses(std::string_view service) const; // whether the plugin has got it for this instance. [thread-safe]
  const Callee& callee() const;              // whom its calls are named after
  const Redaction& redaction() const;
  // Held by whoever calls a SERIALIZED component; here, because two generations may share the instance.
  std::mutex& serial() { return serial_; }

  class Impl;
  explicit Instance(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
  std::mutex serial_;
};

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
