// SPDX-License-Identifier: Apache-2.0
// A plugin that runs with the settings of one table, from create to destroy.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "authd/abi.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "plugin/calls_under_way.h"
#include "plugin/host_context.h"
#include "plugin/refusal.h"

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
  unsigned min_minor() const;       // the least ABI minor that the plugin needs
  const std::string& mode() const;  // what /health calls it: of its note, else the plugin's id
  const std::string& path() const;  // empty if adopted
  const Declared& declared() const; // of the note
  const authd_component& component() const;
  void* self() const;
  bool uses(std::string_view service) const; // whether the plugin has got it for this instance. [thread-safe]
  const Callee& callee() const;              // whom its calls are named after
  const Redaction& redaction() const;
  // Held during calls of a SERIALIZED component; here, because two generations may share the instance.
  std::mutex& serial() { return serial_; }

  class Impl;
  explicit Instance(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
  std::mutex serial_;
};

// Where an instance comes from, for its log lines and its refusals.
struct Origin {
  std::string plugin_id;
  std::string version;
  std::string path; // empty: adopted
  unsigned min_minor = AUTHD_ABI_MINOR;
  std::string mode = {};                         // of the note
  std::shared_ptr<const Declared> declared = {}; // likewise
  std::string base_url = {};                     // of the configuration: ServiceUser
};

// For the loader: checks operations and services, then calls create.
Result<std::shared_ptr<Instance>, Refusal> create_instance(const authd_component& component, Origin origin,
                                                           std::string name, config::PluginSettings settings,
                                                           Services services, Log& log,
                                                           std::shared_ptr<const TlsIdentity> tls = nullptr);

} // namespace authd::plugin
