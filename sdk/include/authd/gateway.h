/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugin kind "authd.gateway/1": where consumers and their JWT credentials live. An adapter translates
 * and classifies; caching, breaker, retries and the choice among credentials are the host's.
 *
 * The call of get_secret, resolve and create_secret, which share one, has five seconds more than the client
 * waits (breaker.timeout): an answer that comes too late for the client still fills the cache. So
 * remaining_ms is the time until the work is given up, not until somebody stops waiting.
 *
 * What each status does is in docs/plugins.md.
 */
#ifndef AUTHD_GATEWAY_H
#define AUTHD_GATEWAY_H

#include "authd/abi.h"

#define AUTHD_GATEWAY_V1 "authd.gateway/1"

#ifdef __cplusplus
extern "C" {
#endif

/* No field of a credential is longer than 65,535 bytes; one that is makes the whole list AUTHD_CORRUPT. */
typedef struct authd_credential {
  uint32_t size;
  uint32_t pad;
  authd_str id;        /* the gateway's id of the credential */
  authd_str key;       /* what the token's key claim holds */
  authd_str algorithm; /* "HS256", "HS384", "HS512", so written; others are put too, see get_secret */
  authd_bytes secret;  /* the raw HMAC key; empty for asymmetric algorithms */
  int64_t created_at;  /* seconds since the epoch, 0 if unknown */
} authd_credential;

typedef struct authd_credential_sink {
  uint32_t size;
  uint32_t pad;
  void* ctx;
  /* Takes at most 1,024 credentials, copies them. Other than AUTHD_OK: stop and return that status. */
  authd_status (*put)(const struct authd_credential_sink*, const authd_credential*) AUTHD_NX;
} authd_credential_sink;

/* What the host proposes for a new credential. The key is a pure function of the consumer, so that
 * instances that meet the same new consumer at once collide instead of creating one each. */
typedef struct authd_proposal {
  uint32_t size;
  uint32_t pad;
  authd_str key;
  authd_str algorithm;
  authd_bytes secret; /* printable ASCII */
} authd_proposal;

/* A consumer is the id or username as the gateway's proxy sent it: 1 to 256 bytes of visible UTF-8,
 * which may hold '/', '?', '#', '%' and "..". Encode it as one path segment whenever it goes into a URL. */
typedef struct authd_gateway_ops {
  uint32_t size;
  uint32_t flags; /* 0 */

  /* Puts every credential of the consumer, in any order; asymmetric ones too, with an empty secret, so
   * that the host can say why there is nothing to sign with. AUTHD_OK with none put: the consumer exists
   * and has none. AUTHD_NOT_FOUND: no such consumer. AUTHD_INVALID: the gateway refuses the id, and
   * nothing else: the host takes both for a consumer that does not exist, answers 401 and drops what it
   * has cached. A status that a service returned for the adapter's own request is not passed through as
   * AUTHD_INVALID. [thread-safe] [may-block] */
  authd_status (*get_secret)(void* self, const authd_call*, authd_str consumer,
                             const authd_credential_sink*) AUTHD_NX;

  /* Creates the proposed credential and puts it as stored. AUTHD_CONFLICT: the key is taken.
   * AUTHD_UNSUPPORTED: this gateway is read-only. After AUTHD_TIMEOUT or AUTHD_UNAVAILABLE it may or
   * may not exist. Must not be repeated by the adapter. Optional. [thread-safe] [may-block] */
  authd_status (*create_secret)(void* self, const authd_call*, authd_str consumer, const authd_proposal*,
                                const authd_credential_sink*) AUTHD_NX;

  /* Optional; this host does not call it yet. AUTHD_OK also when it did not exist. [thread-safe]
   * [may-block] */
  authd_status (*delete_secret)(void* self, const authd_call*, authd_str consumer,
                                authd_str credential_id) AUTHD_NX;

  /* Is the gateway able to answer get_secret now? [thread-safe] [may-block] */
  authd_status (*probe)(void* self, const authd_call*, authd_health*) AUTHD_NX;

  /* Puts the gateway's own id (a UUID, at most 256 bytes) of a consumer that is known by name; asked before
   * a create_secret. Optional: without it the name is used as it is. [thread-safe] [may-block] */
  authd_status (*resolve)(void* self, const authd_call*, authd_str consumer, authd_out* id) AUTHD_NX;
} authd_gateway_ops;

#ifdef __cplusplus
}
#endif
#endif
