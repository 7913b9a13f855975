// SPDX-License-Identifier: Apache-2.0
// A gateway without an operation that its kind requires.
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));

namespace {
constexpr authd_lifecycle kLifecycle = good_lifecycle();
constexpr authd_gateway_ops kOps{sizeof(authd_gateway_ops), 0, &get_secret, nullptr, nullptr, nullptr, nullptr};
constexpr authd_component kComponent = good_component(&kLifecycle, &kOps);
constexpr authd_plugin kPlugin = good_plugin(&kComponent);
} // namespace
EXPORT_PLUGIN(&kPlugin)
