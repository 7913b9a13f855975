/* SPDX-License-Identifier: Apache-2.0 */
/* The headers are C: this plugin is compiled as C11 and knows nothing of C++. */
#include "authd/gateway.h"
#include "authd/note.h"

#include <string.h>

#define SCHEMA "{\"type\": \"object\", \"properties\": {\"realm\": {\"type\": \"string\"}}}"

AUTHD_NOTE("{\"id\": \"plain-c\", \"version\": \"0.1.0\", \"sdk\": \"" AUTHD_SDK_VERSION
           "\", \"toolchain\": \"" AUTHD_TOOLCHAIN "\", \"components\": [{\"kind\": \"" AUTHD_GATEWAY_V1
           "\", \"name\": \"plain-c\", \"config_schema\": " SCHEMA "}]}");

static const authd_host* the_host; /* one instance is all that the test makes */

static authd_status create(const authd_host* host, const authd_cfg* cfg, const authd_call* call, void** self) {
  (void)cfg;
  (void)call;
  the_host = host;
  *self = &the_host;
  return AUTHD_OK;
}

static void destroy(void* self) { (void)self; }

static authd_str text(const char* s) {
  const authd_str view = {s, strlen(s)};
  return view;
}

static authd_status get_secret(void* self, const authd_call* call, authd_str consumer,
                               const authd_credential_sink* sink) {
  (void)self;
  if (consumer.n != 5 || memcmp(consumer.p, "alice", 5) != 0) {
    const authd_error error = {.size = sizeof error, .upstream_status = 404, .message = text("only alice lives here")};
    return the_host->fail(the_host, call, AUTHD_NOT_FOUND, &error);
  }
  static const uint8_t secret[] = {'k', 0, 'y'};
  const authd_credential credential = {sizeof credential,       0,         text("1"), text("alice-key"), text("HS256"),
                                       {secret, sizeof secret}, 1700000000};
  return sink->put(sink, &credential);
}

static authd_status probe(void* self, const authd_call* call, authd_health* health) {
  (void)self;
  (void)call;
  (void)health;
  return AUTHD_OK;
}

static const authd_lifecycle lifecycle = {.size = sizeof lifecycle, .create = create, .destroy = destroy};
static const authd_gateway_ops ops = {.size = sizeof ops, .get_secret = get_secret, .probe = probe};
static const authd_component components[] = {{.size = sizeof components[0],
                                              .kind = AUTHD_GATEWAY_V1,
                                              .name = "plain-c",
                                              .summary = "one consumer, in C",
                                              .config_schema = SCHEMA,
                                              .lifecycle = &lifecycle,
                                              .ops = &ops}};
static const authd_plugin plugin = {.size = sizeof plugin,
                                    .major = AUTHD_ABI_MAJOR,
                                    .min_minor = AUTHD_TARGET_MINOR,
                                    .id = "plain-c",
                                    .version = "0.1.0",
                                    .vendor = "",
                                    .license = "Apache-2.0",
                                    .url = "",
                                    .components = components,
                                    .component_count = 1};

AUTHD_EXPORT const authd_plugin* authd_plugin_v1(uint32_t host_minor);
const authd_plugin* authd_plugin_v1(uint32_t host_minor) {
  (void)host_minor;
  return &plugin;
}
