/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugin kind "authd.endpoint/1": a module that owns routes. It reads one whole request and gives one whole answer;
 * nothing streams. The kind is provisional: a plugin of it loads only where its min_minor equals the host's minor.
 *
 * Declared before it runs. The note (note.h) repeats the routes but for their functions, and names the services that
 * the module needs, what it keeps, issues and emits. What the note does not name, the module does not get.
 *
 * Two passes. A route with AUTHD_ROUTE_INLINE is called on the reactor first, with AUTHD_REQ_INLINE set. There no
 * service sleeps or changes anything: one that would have to answers AUTHD_WOULD_BLOCK, and the handler returns that at
 * once, without having answered. The host then calls the same handler again on a worker, with a copy of the request and
 * without the flag. Other routes are called on a worker at once. So a handler is straight-line code, and a request for
 * which everything is at hand never leaves its reactor. A first pass has 200 us; one that takes longer is counted, and
 * after ten within ten seconds its route is called on workers alone until the next reload.
 */
#ifndef AUTHD_ENDPOINT_H
#define AUTHD_ENDPOINT_H

#include "authd/abi.h"

#define AUTHD_ENDPOINT_V1 "authd.endpoint/1"
#define AUTHD_EXCHANGE_V1 "authd.exchange/1"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct authd_exchange authd_exchange; /* the answer that is owed. Opaque; [borrowed] for the call */

typedef struct authd_field {
  authd_str name;
  authd_str value;
} authd_field;

enum {
  AUTHD_REQ_INLINE = 1u, /* the first pass, on a reactor */
  AUTHD_REQ_SECURE = 2u, /* the client used TLS, to authd or to a trusted gateway that says so */
  AUTHD_REQ_TRUSTED = 4u /* the peer is one of security.trusted_gateways */
};

/* [borrowed] for the call. */
typedef struct authd_request {
  uint32_t size;
  uint32_t flags;          /* AUTHD_REQ_* */
  const void* route;       /* authd_route.data of the route */
  authd_str method;        /* "GET"; a HEAD is passed as the GET that it stands for */
  authd_str path;          /* as sent, without the query */
  authd_str query;         /* as sent, without "?" */
  authd_bytes body;        /* whole; at most the route's max_body */
  const authd_field* fields; /* in the order in which they were sent; names as sent, to be compared without case */
  size_t field_count;
  const authd_str* params; /* the {name}s of the path, in order: decoded, valid UTF-8, no control characters */
  size_t param_count;
  authd_str request_id;
  authd_str base_url;       /* what clients call the instance, e.g. "https://id.example.com": its setting base_url */
  authd_str client_address; /* text; behind trusted gateways the address that they forwarded for; empty: unknown */
  authd_bytes client_cert;  /* SHA-256 of the client's certificate (RFC 8705, x5t#S256). This host does not tell it yet:
                               always empty, which does not mean that there was none */
  int64_t now_ms;           /* the wall clock when the request had been read, as authd.clock/1 tells it */
} authd_request;

typedef struct authd_response {
  uint32_t size;
  int32_t status;         /* 200 to 599 */
  authd_str content_type; /* empty: no body */
  authd_bytes body;       /* at most 8 MiB */
  const authd_field* fields; /* at most 64. Content-Type, Content-Length and hop-by-hop fields are the host's */
  size_t field_count;
} authd_response;

/* AUTHD_OK exactly when it has answered. AUTHD_WOULD_BLOCK: see above. With any other status the host answers, in the
 * dialect of the route: INVALID 400, DENIED 403, NOT_FOUND 404, CONFLICT 409, RATE_LIMITED 429 and UNAVAILABLE and
 * TIMEOUT 503, with Retry-After, all others 500. The reason that was recorded with authd_host.fail is logged, never
 * sent. [thread-safe], unless the table says AUTHD_ENDPOINT_SERIALIZED. [may-block] on the second pass alone. */
typedef authd_status (*authd_handler)(void* self, const authd_call*, const authd_request*, authd_exchange*) AUTHD_NX;

enum {
  AUTHD_ROUTE_INLINE = 1u, /* a first pass on the reactor */
  AUTHD_ROUTE_ROOT = 2u    /* not below the mount of the instance: /.well-known/... (RFC 8615) */
};

typedef struct authd_route {
  uint32_t size;
  uint32_t flags;        /* AUTHD_ROUTE_* */
  const char* method;    /* "GET", "POST", "PUT", "PATCH" or "DELETE"; GET also serves HEAD */
  const char* path;      /* "/token", "/clients/{id}": {name} is one segment that is not empty; {name*}, at the end
                            alone, is all that follows, at least one character */
  const char* operation; /* JSON: an OpenAPI 3.1 Operation Object with summary and responses, and "x-authd": {
                            "max_body": bytes (65536; 0: a body gets 413; at most 1048576),
                            "dialect": "problem" (RFC 9457) | "oauth" (RFC 6749, section 5.2) | "scim" (RFC 7644,
                                       section 3.12) | "html",
                            "audience": "public" | "admin" (served by the admin listener)} */
  authd_handler handle;
  const void* data; /* the module's; authd_request.route */
} authd_route;

enum { AUTHD_ENDPOINT_SERIALIZED = 1u /* one call at a time for the instance */ };

typedef struct authd_endpoint_ops {
  uint32_t size;
  uint32_t flags; /* AUTHD_ENDPOINT_* */
  const authd_route* routes;
  size_t route_count; /* 1 to 256; the same as the note's, in the same order */
  /* Optional. What other modules and the host emitted, of the types in the note's "listens": on a worker, at least once,
   * in order for each subject. After three failures an event is dropped and logged. [thread-safe] [may-block] */
  authd_status (*on_event)(void* self, const authd_call*, authd_str type, authd_str subject, authd_bytes json) AUTHD_NX;
} authd_endpoint_ops;

/* Service AUTHD_EXCHANGE_V1. */
typedef struct authd_exchange_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;
  /* Answers, once; all is copied. AUTHD_INVALID, and nothing is answered: a status, a field or a size that the host
   * refuses; AUTHD_CONFLICT: it has answered already. The failure is recorded on the call. [thread-safe] */
  authd_status (*respond)(const struct authd_exchange_v1*, const authd_call*, authd_exchange*,
                          const authd_response*) AUTHD_NX;
} authd_exchange_v1;

#ifdef __cplusplus
}
#endif
#endif
