// SPDX-License-Identifier: Apache-2.0
#include "authd/plugin.hpp"
#include "konnect_gateway.h"

namespace {

constexpr authd::sdk::PluginInfo kPlugin{
    .id = "kong-konnect", .version = "0.1.0", .vendor = "authd", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, authd::sdk::GatewayComponent<authd::konnect::KonnectGateway>);
