// SPDX-License-Identifier: Apache-2.0
// What authd_plugin_v1 returned, distrusted: sizes and pointers are probed before they are followed.
#pragma once

#include <string>
#include <string_view>

#include "authd/abi.h"
#include "base/result.h"
#include "plugin/inspection.h"

namespace authd::plugin {

// What this host knows of the component that `wanted` of the note stands for, once the whole descriptor is
// well-formed and says what the note said. What it points to is valid as long as the plugin is mapped.
Result<authd_component, Refusal> match_descriptor(const authd_plugin* descriptor, const InspectedPlugin& inspected,
                                                  const NoteComponent& wanted);

// Empty if an instance can be made of the component, else what it lacks: strings, lifecycle, sizes.
std::string_view defect_of(const authd_component& component);

} // namespace authd::plugin
