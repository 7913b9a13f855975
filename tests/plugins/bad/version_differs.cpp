// SPDX-License-Identifier: Apache-2.0
// The note announces another version than the descriptor.
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("2.0.0", SCHEMA));

namespace {
constexpr authd_lifecycle kLifecycle = good_lifecycle();
constexpr authd_gateway_ops kOps = good_ops();
constexpr authd_component kComponent = good_component(&kLifecycle, &kOps);
constexpr authd_plugin kPlugin = good_plugin(&kComponent);
} // namespace
EXPORT_PLUGIN(&kPlugin)
