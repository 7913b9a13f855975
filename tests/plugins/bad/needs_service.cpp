// SPDX-License-Identifier: Apache-2.0
// Cannot run without a service that no host has.
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));

namespace {
constexpr const char* kNeeds[] = {"acme.teleport/1", nullptr};
constexpr authd_lifecycle kLifecycle = good_lifecycle();
constexpr authd_gateway_ops kOps = good_ops();
constexpr authd_component kComponent{
    sizeof(authd_component), 0, AUTHD_GATEWAY_V1, "bad", "spoilt", SCHEMA, kNeeds, &kLifecycle, &kOps};
constexpr authd_plugin kPlugin = good_plugin(&kComponent);
} // namespace
EXPORT_PLUGIN(&kPlugin)
