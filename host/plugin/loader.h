// SPDX-License-Identifier: Apache-2.0
// From a name in the configuration to a running plugin instance. Nothing of a plugin runs before its
// file has been checked: see docs/plugins.md for the checks and their AP_nnn codes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "authd/abi.h"
#include "base/log.h"
#include "base/result.h"
#include "config/config.h"
#include "plugin/call.h"

namespace authd::plugin {

// A refused plugin: one line that says what, why and the mend, ending in its code, e.g.
// "acme-kong.so: needs plugin ABI 1.4, this authd provides 1.2. Rebuild with AUTHD_TARGET_MINOR=2 or use
// an authd with ABI 1.4 or newer. [AP-012]"
struct Refusal {
  std::string line;
};

// What the ELF note says, read without running anything.
struct NoteComponent {
  std::string kind;          // "authd.gateway/1"
  std::string name;
  std::string config_schema; // JSON text
};
struct Note {
  std::uint32_t major = 0;
  std::uint32_t min_minor = 0;
  std::string id;
  std::string version;
  std::string sdk;
  std::string toolchain;
  std::vector<NoteComponent> components;
};

struct TrustPolicy {
  bool strict_permissions = true; // outside production a violation is a warning
  bool require_pins = false;
};

// A file that passed every check before dlopen.
struct InspectedPlugin {
  std::string path; // absolute, symbolic links resolved
  std::string sha256;
  Note note;
  std::vector<std::string> warnings;
};

// Bare name ("kong-gateway", with or without ".so") under `dir`, or an absolute path.
std::string plugin_path(std::string_view name, std::string_view dir);

// All checks of the file, none of its code. `pin`: expected sha256 in hex, empty for none.
Result<InspectedPlugin, Refusal> inspect(const std::string& path, const TrustPolicy& policy,
                                         std::string_view pin);

// A created instance; its destructor stops (if started) and destroys it. The library stays mapped.
class Instance {
 public:
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  Result<void, Failure> start(); // [may-block]
  void stop();                   // idempotent
  const std::string& name() const;
  const std::string& plugin_id() const;
  const std::string& plugin_version() const;
  const std::string& path() const;
  const authd_component& component() const;
  void* self() const;

  class Impl;
  explicit Instance(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

class Loader {
 public:
  // `log` must outlive every instance.
  Loader(TrustPolicy policy, Log& log);
  ~Loader();

  // inspect, dlopen, compare descriptor and note, pick the component of `kind` (AUTHD_GATEWAY_V1, ...),
  // create. The settings were validated against the note's schema before.
  Result<std::shared_ptr<Instance>, Refusal> load(const config::PluginUse& use, std::string_view dir,
                                                  std::string_view pin, std::string_view kind);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// An instance over tables that are already in the process, for tests of what stands above the loader.
// Calls create with the settings.
Result<std::shared_ptr<Instance>, Refusal> adopt(const authd_component& component, std::string name,
                                                 config::PluginSettings settings, Log& log);

} // namespace authd::plugin
