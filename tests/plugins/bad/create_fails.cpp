// SPDX-License-Identifier: Apache-2.0
// create refuses, and quotes a secret setting while saying why.
#include <string>

#include "tables.h"

AUTHD_NOTE(NOTE_JSON("1.0.0", SCHEMA));

namespace {

authd_status refusing_create(const authd_host* host, const authd_cfg* cfg, const authd_call* call, void**) noexcept {
  authd_value token{};
  token.size = sizeof token;
  host->cfg_get(host, cfg, {"/token", 6}, &token);
  const std::string message = "the token " + std::string(token.s.p, token.s.n) + " is not to my taste";
  const authd_error error{sizeof error, 0, 0, 0, {message.data(), message.size()}, {}};
  return host->fail(host, call, AUTHD_INVALID, &error);
}

constexpr authd_lifecycle kLifecycle{sizeof(authd_lifecycle), 0, &refusing_create, nullptr, nullptr, &destroy, nullptr};
constexpr authd_gateway_ops kOps = good_ops();
constexpr authd_component kComponent = good_component(&kLifecycle, &kOps);
constexpr authd_plugin kPlugin = good_plugin(&kComponent);
} // namespace
EXPORT_PLUGIN(&kPlugin)
