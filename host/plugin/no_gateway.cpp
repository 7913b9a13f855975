// SPDX-License-Identifier: Apache-2.0
#include "plugin/no_gateway.h"

#include <stdexcept>

#include "authd/gateway.h"
#include "plugin/loader.h"

namespace authd::plugin {
namespace {

authd_status create(const authd_host*, const authd_cfg*, const authd_call*, void** self) {
  static char nothing;
  *self = &nothing;
  return AUTHD_OK;
}
void destroy(void*) {}
authd_status get_secret(void*, const authd_call*, authd_str, const authd_credential_sink*) { return AUTHD_UNAVAILABLE; }
authd_status probe(void*, const authd_call*, authd_health*) { return AUTHD_OK; }

constexpr authd_lifecycle kLifecycle{sizeof kLifecycle, 0, &create, nullptr, nullptr, &destroy, nullptr};
constexpr authd_gateway_ops kOperations{sizeof kOperations, 0, &get_secret, nullptr, nullptr, &probe, nullptr};
constexpr authd_component kComponent{sizeof kComponent, 0,           AUTHD_GATEWAY_V1, "none", "no gateway", "{}",
                                     nullptr,           &kLifecycle, &kOperations};

} // namespace

std::shared_ptr<Instance> no_gateway(Log& log) {
  auto instance = adopt(kComponent, "none", {}, log);
  if (!instance) throw std::runtime_error(instance.error().line);
  return *instance;
}

} // namespace authd::plugin
