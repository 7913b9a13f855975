// SPDX-License-Identifier: Apache-2.0
// Note and descriptor agree on a config schema with a keyword that authd does not check.
#define SCHEMA R"({"type": "object", "properties": {"token": {"type": "string", "pattern": "^a"}}})"
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));

namespace {
constexpr authd_lifecycle kLifecycle = good_lifecycle();
constexpr authd_gateway_ops kOps = good_ops();
constexpr authd_component kComponent = good_component(&kLifecycle, &kOps);
constexpr authd_plugin kPlugin = good_plugin(&kComponent);
} // namespace
EXPORT_PLUGIN(&kPlugin)
