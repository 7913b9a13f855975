// SPDX-License-Identifier: Apache-2.0
#include "authd/plugin.hpp"
#include "redis_tier.h"

namespace {

constexpr authd::sdk::PluginInfo kPlugin{
    .id = "cache-redis", .version = "0.1.0", .vendor = "authd", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, authd::sdk::CacheComponent<authd::cache_redis::RedisTier>);
