// SPDX-License-Identifier: Apache-2.0
#include "fuzz_target.h"

namespace authd::fuzz {
namespace {

constexpr Target kTargets[] = {
    {.name = "consumer_headers", .run = consumer_headers},
    {.name = "declarative_yaml", .run = declarative_yaml},
    {.name = "environment", .run = environment},
    {.name = "http_request", .run = http_request},
    {.name = "kong_admin_json", .run = kong_admin_json},
    {.name = "konnect_json", .run = konnect_json},
    {.name = "plugin_file", .run = plugin_file},
    {.name = "redis_reply", .run = redis_reply},
    {.name = "sealed_value", .run = sealed_value},
    {.name = "signing_keys", .run = signing_keys},
    {.name = "tls_beginning", .run = tls_beginning},
    {.name = "token", .run = token},
    {.name = "toml", .run = toml},
};

} // namespace

std::span<const Target> targets() { return kTargets; }

} // namespace authd::fuzz
