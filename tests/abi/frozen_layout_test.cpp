// SPDX-License-Identifier: Apache-2.0
// Where ABI 1.0 put each member. Plugins that are out there were compiled with these numbers: a member may be
// added at an end, and none may move.
#include <cstddef>

#include <gtest/gtest.h>

#include "authd/cache.h"
#include "authd/calls.h"
#include "authd/consumers.h"
#include "authd/gateway.h"
#include "authd/http.h"
#include "authd/note.h"
#include "authd/tiers.h"

namespace {

static_assert(sizeof(void*) == 8, "the table below is of 64-bit machines, the only ones that authd runs on");

// At `offset`, `size` bytes long.
#define EXPECT_AT(type, member, offset, size)                                                                          \
  EXPECT_EQ(offsetof(type, member), offset) << #type "." #member " has moved";                                         \
  EXPECT_EQ(sizeof(type::member), size) << #type "." #member " has another size"

// That the struct may be longer now, but never shorter than 1.0 had it.
#define EXPECT_GROWN(type, size) EXPECT_GE(sizeof(type), size) << #type " has shrunk"

TEST(FrozenLayout, OfTextsAndBytes) {
  // These two stand inside of other structs, so they cannot even grow.
  EXPECT_EQ(sizeof(authd_str), 16u);
  EXPECT_AT(authd_str, p, 0u, 8u);
  EXPECT_AT(authd_str, n, 8u, 8u);
  EXPECT_EQ(sizeof(authd_bytes), 16u);
  EXPECT_AT(authd_bytes, p, 0u, 8u);
  EXPECT_AT(authd_bytes, n, 8u, 8u);
  EXPECT_EQ(sizeof(authd_http_header), 32u); // stands in arrays, without a size of its own
  EXPECT_AT(authd_http_header, name, 0u, 16u);
  EXPECT_AT(authd_http_header, value, 16u, 16u);
}

TEST(FrozenLayout, OfTheHost) {
  EXPECT_GROWN(authd_error, 32u);
  EXPECT_AT(authd_error, size, 0u, 4u);
  EXPECT_AT(authd_error, flags, 4u, 4u);
  EXPECT_AT(authd_error, upstream_status, 8u, 4u);
  EXPECT_AT(authd_error, retry_after_ms, 12u, 4u);
  EXPECT_AT(authd_error, message, 16u, 16u);
  EXPECT_AT(authd_error, setting, 32u, 16u); // since 1.1
  EXPECT_GROWN(authd_value, 40u);
  EXPECT_AT(authd_value, size, 0u, 4u);
  EXPECT_AT(authd_value, type, 4u, 4u);
  EXPECT_AT(authd_value, i, 8u, 8u);
  EXPECT_AT(authd_value, d, 16u, 8u);
  EXPECT_AT(authd_value, s, 24u, 16u);
  EXPECT_GROWN(authd_host, 72u);
  EXPECT_AT(authd_host, size, 0u, 4u);
  EXPECT_AT(authd_host, major, 4u, 2u);
  EXPECT_AT(authd_host, minor, 6u, 2u);
  EXPECT_AT(authd_host, ctx, 8u, 8u);
  EXPECT_AT(authd_host, log, 16u, 8u);
  EXPECT_AT(authd_host, fail, 24u, 8u);
  EXPECT_AT(authd_host, put, 32u, 8u);
  EXPECT_AT(authd_host, remaining_ms, 40u, 8u);
  EXPECT_AT(authd_host, cfg_get, 48u, 8u);
  EXPECT_AT(authd_host, cfg_key, 56u, 8u);
  EXPECT_AT(authd_host, service, 64u, 8u);
  EXPECT_GROWN(authd_health, 24u);
  EXPECT_AT(authd_health, size, 0u, 4u);
  EXPECT_AT(authd_health, state, 4u, 4u);
  EXPECT_AT(authd_health, detail, 8u, 8u);
  EXPECT_AT(authd_health, endpoint, 16u, 8u);
}

TEST(FrozenLayout, OfAPlugin) {
  EXPECT_GROWN(authd_lifecycle, 48u);
  EXPECT_AT(authd_lifecycle, size, 0u, 4u);
  EXPECT_AT(authd_lifecycle, flags, 4u, 4u);
  EXPECT_AT(authd_lifecycle, create, 8u, 8u);
  EXPECT_AT(authd_lifecycle, start, 16u, 8u);
  EXPECT_AT(authd_lifecycle, stop, 24u, 8u);
  EXPECT_AT(authd_lifecycle, destroy, 32u, 8u);
  EXPECT_AT(authd_lifecycle, health, 40u, 8u);
  EXPECT_GROWN(authd_component, 64u);
  EXPECT_AT(authd_component, size, 0u, 4u);
  EXPECT_AT(authd_component, pad, 4u, 4u);
  EXPECT_AT(authd_component, kind, 8u, 8u);
  EXPECT_AT(authd_component, name, 16u, 8u);
  EXPECT_AT(authd_component, summary, 24u, 8u);
  EXPECT_AT(authd_component, config_schema, 32u, 8u);
  EXPECT_AT(authd_component, needs, 40u, 8u);
  EXPECT_AT(authd_component, lifecycle, 48u, 8u);
  EXPECT_AT(authd_component, ops, 56u, 8u);
  EXPECT_GROWN(authd_plugin, 64u);
  EXPECT_AT(authd_plugin, size, 0u, 4u);
  EXPECT_AT(authd_plugin, major, 4u, 2u);
  EXPECT_AT(authd_plugin, min_minor, 6u, 2u);
  EXPECT_AT(authd_plugin, id, 8u, 8u);
  EXPECT_AT(authd_plugin, version, 16u, 8u);
  EXPECT_AT(authd_plugin, vendor, 24u, 8u);
  EXPECT_AT(authd_plugin, license, 32u, 8u);
  EXPECT_AT(authd_plugin, url, 40u, 8u);
  EXPECT_AT(authd_plugin, components, 48u, 8u);
  EXPECT_AT(authd_plugin, component_count, 56u, 8u);
}

TEST(FrozenLayout, OfACacheTier) {
  EXPECT_GROWN(authd_cache_stats, 40u);
  EXPECT_AT(authd_cache_stats, size, 0u, 4u);
  EXPECT_AT(authd_cache_stats, pad, 4u, 4u);
  EXPECT_AT(authd_cache_stats, entries, 8u, 8u);
  EXPECT_AT(authd_cache_stats, bytes, 16u, 8u);
  EXPECT_AT(authd_cache_stats, capacity, 24u, 8u);
  EXPECT_AT(authd_cache_stats, evictions, 32u, 8u);
  EXPECT_GROWN(authd_cache_ops, 56u);
  EXPECT_AT(authd_cache_ops, size, 0u, 4u);
  EXPECT_AT(authd_cache_ops, flags, 4u, 4u);
  EXPECT_AT(authd_cache_ops, get, 8u, 8u);
  EXPECT_AT(authd_cache_ops, get_stale, 16u, 8u);
  EXPECT_AT(authd_cache_ops, set, 24u, 8u);
  EXPECT_AT(authd_cache_ops, del, 32u, 8u);
  EXPECT_AT(authd_cache_ops, clear, 40u, 8u);
  EXPECT_AT(authd_cache_ops, stats, 48u, 8u);
}

TEST(FrozenLayout, OfAGateway) {
  EXPECT_GROWN(authd_credential, 80u);
  EXPECT_AT(authd_credential, size, 0u, 4u);
  EXPECT_AT(authd_credential, pad, 4u, 4u);
  EXPECT_AT(authd_credential, id, 8u, 16u);
  EXPECT_AT(authd_credential, key, 24u, 16u);
  EXPECT_AT(authd_credential, algorithm, 40u, 16u);
  EXPECT_AT(authd_credential, secret, 56u, 16u);
  EXPECT_AT(authd_credential, created_at, 72u, 8u);
  EXPECT_GROWN(authd_credential_sink, 24u);
  EXPECT_AT(authd_credential_sink, size, 0u, 4u);
  EXPECT_AT(authd_credential_sink, pad, 4u, 4u);
  EXPECT_AT(authd_credential_sink, ctx, 8u, 8u);
  EXPECT_AT(authd_credential_sink, put, 16u, 8u);
  EXPECT_GROWN(authd_proposal, 56u);
  EXPECT_AT(authd_proposal, size, 0u, 4u);
  EXPECT_AT(authd_proposal, pad, 4u, 4u);
  EXPECT_AT(authd_proposal, key, 8u, 16u);
  EXPECT_AT(authd_proposal, algorithm, 24u, 16u);
  EXPECT_AT(authd_proposal, secret, 40u, 16u);
  EXPECT_GROWN(authd_gateway_ops, 48u);
  EXPECT_AT(authd_gateway_ops, size, 0u, 4u);
  EXPECT_AT(authd_gateway_ops, flags, 4u, 4u);
  EXPECT_AT(authd_gateway_ops, get_secret, 8u, 8u);
  EXPECT_AT(authd_gateway_ops, create_secret, 16u, 8u);
  EXPECT_AT(authd_gateway_ops, delete_secret, 24u, 8u);
  EXPECT_AT(authd_gateway_ops, probe, 32u, 8u);
  EXPECT_AT(authd_gateway_ops, resolve, 40u, 8u);
}

TEST(FrozenLayout, OfTheHttpService) {
  EXPECT_GROWN(authd_http_request, 96u);
  EXPECT_AT(authd_http_request, size, 0u, 4u);
  EXPECT_AT(authd_http_request, flags, 4u, 4u);
  EXPECT_AT(authd_http_request, method, 8u, 16u);
  EXPECT_AT(authd_http_request, url, 24u, 16u);
  EXPECT_AT(authd_http_request, headers, 40u, 8u);
  EXPECT_AT(authd_http_request, header_count, 48u, 8u);
  EXPECT_AT(authd_http_request, body, 56u, 16u);
  EXPECT_AT(authd_http_request, pool_size, 72u, 4u);
  EXPECT_AT(authd_http_request, connect_timeout_ms, 76u, 4u);
  EXPECT_AT(authd_http_request, max_body_bytes, 80u, 8u);
  EXPECT_AT(authd_http_request, max_attempts, 88u, 4u);
  EXPECT_AT(authd_http_request, retry_base_ms, 92u, 4u);
  EXPECT_GROWN(authd_http_response, 32u);
  EXPECT_AT(authd_http_response, size, 0u, 4u);
  EXPECT_AT(authd_http_response, status, 4u, 4u);
  EXPECT_AT(authd_http_response, ctx, 8u, 8u);
  EXPECT_AT(authd_http_response, on_header, 16u, 8u);
  EXPECT_AT(authd_http_response, on_body, 24u, 8u);
  EXPECT_GROWN(authd_http_v1, 24u);
  EXPECT_AT(authd_http_v1, size, 0u, 4u);
  EXPECT_AT(authd_http_v1, pad, 4u, 4u);
  EXPECT_AT(authd_http_v1, host, 8u, 8u);
  EXPECT_AT(authd_http_v1, exchange, 16u, 8u);
}

TEST(FrozenLayout, OfTheOtherServices) {
  EXPECT_GROWN(authd_calls_v1, 40u);
  EXPECT_AT(authd_calls_v1, size, 0u, 4u);
  EXPECT_AT(authd_calls_v1, pad, 4u, 4u);
  EXPECT_AT(authd_calls_v1, open, 8u, 8u);
  EXPECT_AT(authd_calls_v1, withdraw, 16u, 8u);
  EXPECT_AT(authd_calls_v1, failure, 24u, 8u);
  EXPECT_AT(authd_calls_v1, close, 32u, 8u);
  EXPECT_GROWN(authd_tiers_v1, 32u);
  EXPECT_AT(authd_tiers_v1, size, 0u, 4u);
  EXPECT_AT(authd_tiers_v1, pad, 4u, 4u);
  EXPECT_AT(authd_tiers_v1, host, 8u, 8u);
  EXPECT_AT(authd_tiers_v1, invalidated, 16u, 8u);
  EXPECT_AT(authd_tiers_v1, resync, 24u, 8u);
  EXPECT_AT(authd_tiers_v1, cleared, 32u, 8u); // since 1.1
  EXPECT_GROWN(authd_consumers_v1, 32u);       // since 1.1
  EXPECT_AT(authd_consumers_v1, size, 0u, 4u);
  EXPECT_AT(authd_consumers_v1, pad, 4u, 4u);
  EXPECT_AT(authd_consumers_v1, host, 8u, 8u);
  EXPECT_AT(authd_consumers_v1, changed, 16u, 8u);
  EXPECT_AT(authd_consumers_v1, all_changed, 24u, 8u);
}

// As numbers too: a binary has them compiled in.
TEST(FrozenLayout, OfValues) {
  EXPECT_EQ(AUTHD_ABI_MAJOR, 1);
  EXPECT_EQ(AUTHD_OK, 0);
  EXPECT_EQ(AUTHD_NOT_FOUND, 1);
  EXPECT_EQ(AUTHD_CONFLICT, 2);
  EXPECT_EQ(AUTHD_INVALID, 3);
  EXPECT_EQ(AUTHD_DENIED, 4);
  EXPECT_EQ(AUTHD_RATE_LIMITED, 5);
  EXPECT_EQ(AUTHD_UNAVAILABLE, 6);
  EXPECT_EQ(AUTHD_TIMEOUT, 7);
  EXPECT_EQ(AUTHD_CANCELLED, 8);
  EXPECT_EQ(AUTHD_UNSUPPORTED, 9);
  EXPECT_EQ(AUTHD_CORRUPT, 10);
  EXPECT_EQ(AUTHD_INTERNAL, 11);
  EXPECT_EQ(AUTHD_LOG_DEBUG, 0);
  EXPECT_EQ(AUTHD_LOG_ERROR, 3);
  EXPECT_EQ(AUTHD_TYPE_NULL, 0);
  EXPECT_EQ(AUTHD_TYPE_BOOL, 1);
  EXPECT_EQ(AUTHD_TYPE_INT, 2);
  EXPECT_EQ(AUTHD_TYPE_DOUBLE, 3);
  EXPECT_EQ(AUTHD_TYPE_STRING, 4);
  EXPECT_EQ(AUTHD_TYPE_ARRAY, 5);
  EXPECT_EQ(AUTHD_TYPE_OBJECT, 6);
  EXPECT_EQ(AUTHD_HEALTH_UP, 0);
  EXPECT_EQ(AUTHD_HEALTH_DEGRADED, 1);
  EXPECT_EQ(AUTHD_HEALTH_DOWN, 2);
  EXPECT_EQ(AUTHD_CACHE_NONBLOCKING, 1u);
  EXPECT_EQ(AUTHD_CACHE_SERIALIZED, 2u);
  EXPECT_EQ(AUTHD_CACHE_REMOTE, 4u);
  EXPECT_EQ(AUTHD_HTTP_IDEMPOTENT, 1u);
}

TEST(FrozenLayout, OfIds) {
  EXPECT_STREQ(AUTHD_PLUGIN_ENTRY, "authd_plugin_v1");
  EXPECT_STREQ(AUTHD_CACHE_V1, "authd.cache/1");
  EXPECT_STREQ(AUTHD_GATEWAY_V1, "authd.gateway/1");
  EXPECT_STREQ(AUTHD_HTTP_V1, "authd.http/1");
  EXPECT_STREQ(AUTHD_CALLS_V1, "authd.calls/1");
  EXPECT_STREQ(AUTHD_TIERS_V1, "authd.tiers/1");
  EXPECT_STREQ(AUTHD_CONSUMERS_V1, "authd.consumers/1");
  EXPECT_STREQ(AUTHD_NOTE_SECTION, ".note.authd");
  EXPECT_STREQ(AUTHD_NOTE_OWNER, "Authd");
  EXPECT_EQ(AUTHD_NOTE_TYPE, 1);
}

} // namespace
