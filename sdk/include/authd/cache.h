/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugin kind "authd.cache/1": one cache tier. Keys and values are opaque bytes of the host.
 *
 * How the host uses a tier
 *  - A NONBLOCKING tier is called on the host's reactors and on its workers, at once, and its calls have no
 *    deadline: remaining_ms is INT64_MAX, which must not be added to a clock. What sleeps there stops every
 *    connection of that reactor.
 *  - Any other tier, a blocking one, is called on workers. A read or a set has the tier's read_timeout, a
 *    del 250 ms, a clear 5 s. It is read by get_stale alone, never by get: the value itself says how old it
 *    is, so one read answers both questions. Its stats are asked for once a second, on a worker, with its
 *    read_timeout, if the plugin's min_minor is 1 or more; a plugin of 1.0 was never asked.
 *  - Keys. A NONBLOCKING tier gets a consumer's id as it is, a blocking one "authd:v1:" before it. When a
 *    blocking tier is configured together with lookup.encryption_keys, 32 hexadecimal digits of a digest
 *    stand for the id, in every tier. An id has at most 256 bytes. For take it is "authd:rate:v1:" before it.
 *  - Values hold secrets. Those of a tier that is not NONBLOCKING, or is REMOTE, are sealed.
 *  - AUTHD_OK and AUTHD_NOT_FOUND are answers; every other status is logged and the tier skipped. A blocking
 *    tier whose calls fail (three and half of them within ten seconds, or five in a row) is left alone and tried
 *    again every second. A set, del or clear that is refused at once does not count: the tier may still answer reads.
 */
#ifndef AUTHD_CACHE_H
#define AUTHD_CACHE_H

#include "authd/abi.h"

#define AUTHD_CACHE_V1 "authd.cache/1"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  AUTHD_CACHE_NONBLOCKING = 1u, /* get, get_stale, set, del and stats never sleep and do no I/O: the host
                                   calls them on its reactors */
  AUTHD_CACHE_SERIALIZED = 2u,  /* operations must not run concurrently: the host serialises them */
  AUTHD_CACHE_REMOTE = 4u       /* values leave the process: over a network, into a file, into shared memory.
                                   Whose values do must say so, whether it blocks or not */
};

typedef struct authd_cache_stats {
  uint32_t size;
  uint32_t pad;
  uint64_t entries;   /* UINT64_MAX: unknown, since 1.1 */
  uint64_t bytes;     /* memory or storage that the entries hold, 0 if unknown */
  uint64_t capacity;  /* most entries, 0 if unbounded or unknown */
  uint64_t evictions; /* entries dropped for room since start */
} authd_cache_stats;

/* Since 1.2: what take decided. */
typedef struct authd_verdict {
  uint32_t size;
  uint32_t allowed;       /* 1: the cost was counted; 0: it was not */
  int64_t remaining;      /* units that would be allowed now */
  int64_t limit;          /* max_requests */
  int64_t reset_ms;       /* until all of the limit is allowed again, rounded up */
  int64_t retry_after_ms; /* until the cost would be allowed, rounded up; 0: it was */
} authd_verdict;

typedef struct authd_cache_ops {
  uint32_t size;
  uint32_t flags; /* AUTHD_CACHE_* */

  /* [may-block] below holds for tiers that are not NONBLOCKING. */

  /* The value if it is within its ttl, into `out` by a single put; else AUTHD_NOT_FOUND. More than 1 MiB is
   * AUTHD_CORRUPT to the host. [thread-safe] [may-block] */
  authd_status (*get)(void* self, const authd_call*, authd_str key, authd_out* out) AUTHD_NX;

  /* The value if it is within ttl + stale, fresh ones too; else AUTHD_NOT_FOUND. [thread-safe]
   * [may-block] */
  authd_status (*get_stale)(void* self, const authd_call*, authd_str key, authd_out* out) AUTHD_NX;

  /* Stores or replaces, atomically for readers. ttl_ms >= 1; stale_ms >= 0: how long past its ttl
   * get_stale may still return it. A value that is too large is AUTHD_INVALID. [thread-safe]
   * [may-block] */
  authd_status (*set)(void* self, const authd_call*, authd_str key, authd_bytes value, int64_t ttl_ms,
                      int64_t stale_ms) AUTHD_NX;

  /* Removes, stale copy included. AUTHD_OK: something was removed. AUTHD_NOT_FOUND: there was none. Of a
   * plugin whose min_minor is 0 AUTHD_OK is taken for either, as 1.0 had it. For at most ten seconds after it
   * a remote tier may ignore a set of the key, so that an instance which fetched the old value a moment before
   * does not put it back. [thread-safe] [may-block] */
  authd_status (*del)(void* self, const authd_call*, authd_str key) AUTHD_NX;

  /* Removes every key with this prefix; an empty prefix removes all. Required: what cannot be cleared
   * would be served again after an operator had it dropped. [thread-safe] [may-block] */
  authd_status (*clear)(void* self, const authd_call*, authd_str prefix) AUTHD_NX;

  /* Optional. [thread-safe] */
  authd_status (*stats)(void* self, const authd_call*, authd_cache_stats*) AUTHD_NX;

  /* Optional, since 1.2, for tiers that several instances share: counts `cost` units of the key by GCRA, in one atomic
   * step, by one clock for all of them: with step = window_ms / max_requests, not rounded down, and t = the key's time,
   * now if that is later: if t + cost * step <= now + max_requests * step, it is allowed and the key's time becomes
   * t + cost * step. So within any time T at most max_requests + T / step units are allowed. The key's time may be
   * forgotten once it has passed. What is allowed is an AUTHD_OK, and so is what is not. Each of 1 <= max_requests <=
   * 10^9, 1 <= window_ms <= 86400000 and 1 <= cost <= max_requests holds. A key may come with other limits than the
   * last time. [thread-safe] [may-block] */
  authd_status (*take)(void* self, const authd_call*, authd_str key, int64_t max_requests, int64_t window_ms,
                       int64_t cost, authd_verdict* verdict) AUTHD_NX;
} authd_cache_ops;

#ifdef __cplusplus
}
#endif
#endif
