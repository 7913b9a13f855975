// SPDX-License-Identifier: Apache-2.0
// Needs a function that nobody has; only binding at load time finds out before a request does.
#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));

extern "C" void authd_test_nowhere_defined();

namespace {

authd_status calling_create(const authd_host*, const authd_cfg*, const authd_call*, void**) noexcept {
  authd_test_nowhere_defined();
  return AUTHD_OK;
}

constexpr authd_lifecycle kLifecycle{sizeof(authd_lifecycle), 0, &calling_create, nullptr, nullptr, &destroy, nullptr};
constexpr authd_gateway_ops kOps = good_ops();
constexpr authd_component kComponent = good_component(&kLifecycle, &kOps);
constexpr authd_plugin kPlugin = good_plugin(&kComponent);
} // namespace
EXPORT_PLUGIN(&kPlugin)
