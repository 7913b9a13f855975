// SPDX-License-Identifier: Apache-2.0
// The settings were validated against another schema than the plugin's own.
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", R"({"type": "object"})"));

namespace {
constexpr authd_lifecycle kLifecycle = good_lifecycle();
constexpr authd_gateway_ops kOps = good_ops();
constexpr authd_component kComponent = good_component(&kLifecycle, &kOps);
constexpr authd_plugin kPlugin = good_plugin(&kComponent);
} // namespace
EXPORT_PLUGIN(&kPlugin)
