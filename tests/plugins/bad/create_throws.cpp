// SPDX-License-Identifier: Apache-2.0
// Lies about noexcept: built as if it were the host, its pointers are plain and it may throw.
#define AUTHD_HOST 1
#include <stdexcept>

#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));

namespace {

authd_status throwing_create(const authd_host*, const authd_cfg*, const authd_call*, void**) {
  throw std::runtime_error("out of patience");
}

constexpr authd_lifecycle kLifecycle{sizeof(authd_lifecycle), 0, &throwing_create, nullptr, nullptr, &destroy, nullptr};
constexpr authd_gateway_ops kOps = good_ops();
constexpr authd_component kComponent = good_component(&kLifecycle, &kOps);
constexpr authd_plugin kPlugin = good_plugin(&kComponent);
} // namespace
EXPORT_PLUGIN(&kPlugin)
