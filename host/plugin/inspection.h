// SPDX-License-Identifier: Apache-2.0
// All that can be known of a plugin before any of its code runs: see docs/plugins.md for the checks and
// their AP-nnn codes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/kinds.h"
#include "plugin/note_reader.h"
#include "plugin/refusal.h"

namespace authd::plugin {

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
Result<InspectedPlugin, Refusal> inspect(const std::string& path, const TrustPolicy& policy, std::string_view pin,
                                         std::span<const config::Kind> kinds = config::kinds());

// The component of `kind` that a configuration means by `plugin =`: the one of that name, else the only
// one of the kind. Points into `inspected`.
Result<const NoteComponent*, Refusal> select_component(const InspectedPlugin& inspected, std::string_view kind,
                                                       std::string_view plugin);

// For people: what the file says of itself and how it fares at each check. The error is the refusal of a
// file that cannot be loaded anywhere; what only production refuses is in the text.
Result<std::string, Refusal> inspect_report(const std::string& path,
                                            std::span<const config::Kind> kinds = config::kinds());

} // namespace authd::plugin
