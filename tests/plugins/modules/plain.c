/* SPDX-License-Identifier: Apache-2.0 */
/* A module in C: one route, without a line of the C++ glue. */
#include <stdlib.h>

#include <authd/endpoint.h>
#include <authd/note.h>

AUTHD_NOTE(
    "{\"id\": \"org.example.plain-module\", \"version\": \"1.0.0\", \"sdk\": \"" AUTHD_SDK_VERSION
    "\", \"components\": [{\"kind\": \"authd.endpoint/1\", \"name\": \"plain-module\", \"needs\": "
    "[\"authd.exchange/1\"], \"routes\": [{\"method\": \"GET\", \"path\": \"/plain\", \"flags\": 1, \"operation\": "
    "{\"summary\": \"Says so\", \"responses\": {\"200\": {\"description\": \"a text\"}}}}], \"config_schema\": "
    "{\"type\": \"object\", \"properties\": {}}}]}");

typedef struct module {
  const authd_exchange_v1* exchange;
} module;

static authd_status create(const authd_host* host, const authd_cfg* cfg, const authd_call* call, void** self) {
  module* made = malloc(sizeof *made);
  (void)cfg;
  (void)call;
  if (made == NULL) return AUTHD_INTERNAL;
  made->exchange = host->service(host, AUTHD_EXCHANGE_V1);
  *self = made;
  return AUTHD_OK;
}

static void destroy(void* self) { free(self); }

static authd_status say(void* self, const authd_call* call, const authd_request* request, authd_exchange* exchange) {
  const module* m = self;
  const authd_response response = {sizeof response, 200, {"text/plain", 10}, {(const uint8_t*)"from C", 6}, NULL, 0};
  (void)request;
  return m->exchange->respond(m->exchange, call, exchange, &response);
}

static const char* const needs[] = {AUTHD_EXCHANGE_V1, NULL};
static const authd_route routes[] = {
    {sizeof(authd_route), AUTHD_ROUTE_INLINE, "GET", "/plain",
     "{\"summary\": \"Says so\", \"responses\": {\"200\": {\"description\": \"a text\"}}}", &say, NULL}};
static const authd_endpoint_ops ops = {sizeof ops, 0, routes, 1, NULL};
static const authd_lifecycle lifecycle = {sizeof lifecycle, 0, &create, NULL, NULL, &destroy, NULL};
static const authd_component components[] = {{sizeof(authd_component), 0, AUTHD_ENDPOINT_V1, "plain-module",
                                              "one route in C", "{\"type\": \"object\", \"properties\": {}}", needs,
                                              &lifecycle, &ops}};
static const authd_plugin plugin = {sizeof plugin,
                                    AUTHD_ABI_MAJOR,
                                    AUTHD_TARGET_MINOR,
                                    "org.example.plain-module",
                                    "1.0.0",
                                    "",
                                    "Apache-2.0",
                                    "",
                                    components,
                                    1};

AUTHD_EXPORT const authd_plugin* authd_plugin_v1(uint32_t host_minor);
const authd_plugin* authd_plugin_v1(uint32_t host_minor) {
  (void)host_minor;
  return &plugin;
}
