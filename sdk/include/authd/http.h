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
  AUTHD_HTTP_IDEMPOTENT = 1u /* may be sent more than once (RFC 9110, section 9.2.2): see exchange */
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
  /* Not in the first revision of this table: */
  uint32_t max_attempts;  /* of an idempotent request, in all; 0: 2 */
  uint32_t retry_base_ms; /* the n-th retry waits a random time up to retry_base_ms * 2^(n-1); 0: 100 */
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
   * not found, TLS not verified. AUTHD_CORRUPT: not HTTP, too long. AUTHD_INTERNAL: the request itself is
   * malformed (never AUTHD_INVALID, which from get_secret would mean that the gateway refuses the consumer).
   * AUTHD_CANCELLED: the host ends. A failure is already recorded on the call (authd_host.fail).
   *
   * An idempotent request is sent again when no byte of an answer came (refused, reset, not connected in
   * connect_timeout_ms) and after 429, 502, 503 and 504, for which Retry-After is honoured; once, beyond
   * max_attempts, when a reused connection was reset. All this only as long as somebody waits for the
   * call, and within a budget of the host's: retries add a tenth to the load at most. The plugin gets the
   * last answer. [thread-safe] [may-block] */
  authd_status (*exchange)(const struct authd_http_v1*, const authd_call*, const authd_http_request*,
                           authd_http_response*) AUTHD_NX;
} authd_http_v1;

#ifdef __cplusplus
}
#endif
#endif
