/* SPDX-License-Identifier: Apache-2.0 */
/* Service "authd.http/1": one HTTP exchange through the host, which owns pooling, TLS verification,
 * timeouts and retries. */
#ifndef AUTHD_HTTP_H
#define AUTHD_HTTP_H

#include "authd/abi.h"

#define AUTHD_HTTP_V1 "authd.http/1"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct authd_http_header {
  authd_str name;
  authd_str value;
} authd_http_header;

enum {
  AUTHD_HTTP_IDEMPOTENT = 1u /* may be sent again when a reused connection was reset before any byte of
                                the answer (RFC 9110, section 9.2.2) */
};

typedef struct authd_http_request {
  uint32_t size;
  uint32_t flags;   /* AUTHD_HTTP_* */
  authd_str method; /* "GET", ... */
  authd_str url;    /* absolute http or https URL; sent as it stands, path never normalised */
  const authd_http_header* headers;
  size_t header_count;
  authd_bytes body;
  uint32_t pool_size;          /* most connections kept to this origin for this caller; 0: 10 */
  uint32_t connect_timeout_ms; /* 0: what is left of the call */
  uint64_t max_body_bytes;     /* longer answers are AUTHD_CORRUPT; 0: 8 MiB */
} authd_http_request;

typedef struct authd_http_response {
  uint32_t size;
  int32_t status; /* set by the host */
  void* ctx;      /* the caller's, for on_header */
  /* Each header of the answer, in order; optional. */
  void (*on_header)(void* ctx, authd_str name, authd_str value) AUTHD_NX;
  /* The whole body, once, after the headers; optional. [borrowed] */
  void (*on_body)(void* ctx, authd_bytes body) AUTHD_NX;
} authd_http_response;

typedef struct authd_http_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;
  /* AUTHD_OK with a status once an answer has arrived whole, whatever its status. AUTHD_TIMEOUT when
   * remaining_ms(call) ran out, however slowly bytes trickle in. AUTHD_UNAVAILABLE: refused, reset, name
   * not found, TLS not verified. AUTHD_CORRUPT: not HTTP, too long. AUTHD_INVALID: the request itself.
   * A failure is already recorded on the call (authd_host.fail). [thread-safe] [may-block] */
  authd_status (*exchange)(const struct authd_http_v1*, const authd_call*, const authd_http_request*,
                           authd_http_response*) AUTHD_NX;
} authd_http_v1;

#ifdef __cplusplus
}
#endif
#endif
