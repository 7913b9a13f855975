/* SPDX-License-Identifier: Apache-2.0 */
/* The small services of ABI 1.3: clock, random, secrets, events, limiter. Each is had by authd_host.service, and only by
 * a component whose note names it in "needs". Every function is [thread-safe], and none of them sleeps: they may be
 * called on a first pass (endpoint.h) as far as they do not say otherwise. */
#ifndef AUTHD_SERVICES_H
#define AUTHD_SERVICES_H

#include "authd/abi.h"
#include "authd/cache.h" /* authd_verdict */

#define AUTHD_CLOCK_V1 "authd.clock/1"
#define AUTHD_RANDOM_V1 "authd.random/1"
#define AUTHD_SECRETS_V1 "authd.secrets/1"
#define AUTHD_EVENTS_V1 "authd.events/1"
#define AUTHD_LIMITER_V1 "authd.limiter/1"

#ifdef __cplusplus
extern "C" {
#endif

/* What time it is. Never time(2) or clock_gettime(2): tests move this clock. */
typedef struct authd_clock_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;
  int64_t (*wall_ms)(const struct authd_clock_v1*) AUTHD_NX;   /* since the epoch, UTC */
  int64_t (*steady_ms)(const struct authd_clock_v1*) AUTHD_NX; /* never goes back; from an arbitrary beginning */
} authd_clock_v1;

/* Bytes that nobody can predict. */
typedef struct authd_random_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;
  /* n <= 4,096, else AUTHD_INVALID. AUTHD_UNAVAILABLE: the generator has no entropy. */
  authd_status (*bytes)(const struct authd_random_v1*, void* to, size_t n) AUTHD_NX;
} authd_random_v1;

/* Sealing and digests. Keys are derived from the master keys ([secrets]) for each instance, by its name, and each
 * purpose (1 to 64 bytes): what one instance sealed, another cannot open. The master keys never leave the host. */
typedef struct authd_secrets_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;
  /* AES-256-GCM by the first master key; at most 1 MiB. */
  authd_status (*seal)(const struct authd_secrets_v1*, const authd_call*, authd_str purpose, authd_bytes plain,
                       const authd_sink* sealed) AUTHD_NX;
  /* By whichever of the master keys sealed it. AUTHD_CORRUPT: none of them did, for this instance and purpose. */
  authd_status (*open)(const struct authd_secrets_v1*, const authd_call*, authd_str purpose, authd_bytes sealed,
                       const authd_sink* plain) AUTHD_NX;
  /* SHA-256 without any key: the id under which a secret of at least 128 random bits is kept. */
  void (*digest)(const struct authd_secrets_v1*, authd_bytes of, uint8_t sha256[32]) AUTHD_NX;
  /* HMAC-SHA-256 by the first master key. */
  authd_status (*mac)(const struct authd_secrets_v1*, const authd_call*, authd_str purpose, authd_bytes of,
                      uint8_t out[32]) AUTHD_NX;
} authd_secrets_v1;

/* What happened, for the audit trail, the metrics and other modules. */
typedef struct authd_events_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;
  /* `type` is one of the note's "emits", else the event is dropped with a warning. `json` is an object without secrets,
   * at most 8 KiB. After what it tells of is durable, never before. On a first pass AUTHD_WOULD_BLOCK, and nothing
   * has happened. */
  authd_status (*emit)(const struct authd_events_v1*, const authd_call*, authd_str type, authd_str subject,
                       authd_bytes json) AUTHD_NX;
} authd_events_v1;

/* How often a caller may do something, in this instance of authd. This host has none yet: a component that names it in
 * its needs is refused. */
typedef struct authd_limiter_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;
  /* Takes `cost` units of the key from the policy, by its name among the instance's limits; AUTHD_NOT_FOUND: there is
   * no such policy. AUTHD_OK, whatever the verdict is. Of one exchange each policy and key is charged once, also when
   * its handler is called twice. */
  authd_status (*take)(const struct authd_limiter_v1*, const authd_call*, authd_str policy, authd_str key, int64_t cost,
                       authd_verdict*) AUTHD_NX;
  /* As if nothing had been taken from the key: after a success, of a policy that counts failures. */
  authd_status (*forgive)(const struct authd_limiter_v1*, const authd_call*, authd_str policy, authd_str key) AUTHD_NX;
} authd_limiter_v1;

#ifdef __cplusplus
}
#endif
#endif
