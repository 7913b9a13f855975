// SPDX-License-Identifier: Apache-2.0
// A lifecycle table that ends before create, as a careless author's would.
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));

namespace {
constexpr authd_lifecycle kLifecycle{
    offsetof(authd_lifecycle, create), 0, &create, nullptr, nullptr, &destroy, nullptr};
constexpr authd_gateway_ops kOps = good_ops();
constexpr authd_component kComponent = good_component(&kLifecycle, &kOps);
constexpr authd_plugin kPlugin = good_plugin(&kComponent);
} // namespace
EXPORT_PLUGIN(&kPlugin)
