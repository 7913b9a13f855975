// SPDX-License-Identifier: Apache-2.0
#include "authd/plugin.hpp"
#include "declarative_gateway.h"

namespace {

constexpr authd::sdk::PluginInfo kPlugin{
    .id = "kong-declarative", .version = "0.1.0", .vendor = "authd", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, authd::sdk::GatewayComponent<authd::kong_declarative::DeclarativeGateway>);
