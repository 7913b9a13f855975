// SPDX-License-Identifier: Apache-2.0
// A gateway plugin in plain tables that does nothing wrong. Each file beside it spoils one thing.
#pragma once

#include "authd/gateway.h"
#include "authd/note.h"
#include "marker.h"

#ifndef SCHEMA
#define SCHEMA R"({"type": "object", "properties": {"token": {"type": "string"}}})"
#endif
#define NOTE_JSON(version, schema)                                                                                     \
  R"({"id": "bad", "version": ")" version                                                                              \
  R"(", "components": [{"kind": "authd.gateway/1", "name": "bad", "config_schema": )" schema R"(}]})"

namespace {

authd_status create(const authd_host*, const authd_cfg*, const authd_call*, void** self) AUTHD_NX {
  static int anything;
  *self = &anything;
  return AUTHD_OK;
}

void destroy(void*) AUTHD_NX {}

authd_status get_secret(void*, const authd_call*, authd_str, const authd_credential_sink*) AUTHD_NX {
  return AUTHD_NOT_FOUND;
}

authd_status probe(void*, const authd_call*, authd_health*) AUTHD_NX { return AUTHD_OK; }

constexpr authd_lifecycle good_lifecycle() {
  return {sizeof(authd_lifecycle), 0, &create, nullptr, nullptr, &destroy, nullptr};
}

constexpr authd_gateway_ops good_ops() {
  return {sizeof(authd_gateway_ops), 0, &get_secret, nullptr, nullptr, &probe, nullptr};
}

constexpr authd_component good_component(const authd_lifecycle* lifecycle, const authd_gateway_ops* ops) {
  return {sizeof(authd_component), 0, AUTHD_GATEWAY_V1, "bad", "spoilt", SCHEMA, nullptr, lifecycle, ops};
}

constexpr authd_plugin good_plugin(const authd_component* component) {
  return {sizeof(authd_plugin), AUTHD_ABI_MAJOR, AUTHD_TARGET_MINOR, "bad", "1.0.0", "", "", "", component, 1};
}

} // namespace

#define EXPORT_PLUGIN(descriptor)                                                                                      \
  extern "C" AUTHD_EXPORT const authd_plugin* authd_plugin_v1(uint32_t) AUTHD_NX;                                      \
  const authd_plugin* authd_plugin_v1(uint32_t) AUTHD_NX { return descriptor; }
