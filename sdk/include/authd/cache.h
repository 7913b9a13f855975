/* SPDX-License-Identifier: Apache-2.0 */
/* Plugin kind "authd.cache/1": one cache tier. Keys and values are opaque bytes of the host. */
#ifndef AUTHD_CACHE_H
#define AUTHD_CACHE_H

#include "authd/abi.h"

#define AUTHD_CACHE_V1 "authd.cache/1"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  AUTHD_CACHE_NONBLOCKING = 1u, /* get, get_stale, set and del never sleep and do no I/O: the host calls
                                   them on its reactors */
  AUTHD_CACHE_SERIALIZED = 2u,  /* operations must not run concurrently: the host serialises them */
  AUTHD_CACHE_REMOTE = 4u       /* values leave the process: the host seals them when it has a key */
};

typedef struct authd_cache_stats {
  uint32_t size;
  uint32_t pad;
  uint64_t entries;
  uint64_t bytes;     /* memory or storage that the entries hold, 0 if unknown */
  uint64_t capacity;  /* most entries, 0 if unbounded or unknown */
  uint64_t evictions; /* entries dropped for room since start */
} authd_cache_stats;

typedef struct authd_cache_ops {
  uint32_t size;
  uint32_t flags; /* AUTHD_CACHE_* */

  /* The value if it is within its ttl, into `out` by a single put; else AUTHD_NOT_FOUND. [thread-safe] */
  authd_status (*get)(void* self, const authd_call*, authd_str key, authd_out* out) AUTHD_NX;

  /* The value if it is within ttl + stale, fresh ones too; else AUTHD_NOT_FOUND. [thread-safe] */
  authd_status (*get_stale)(void* self, const authd_call*, authd_str key, authd_out* out) AUTHD_NX;

  /* Stores or replaces, atomically for readers. ttl_ms >= 1; stale_ms >= 0: how long past its ttl
   * get_stale may still return it. A value that is too large is AUTHD_INVALID. [thread-safe] */
  authd_status (*set)(void* self, const authd_call*, authd_str key, authd_bytes value, int64_t ttl_ms,
                      int64_t stale_ms) AUTHD_NX;

  /* Removes, stale copy included. AUTHD_OK also when there was none. [thread-safe] */
  authd_status (*del)(void* self, const authd_call*, authd_str key) AUTHD_NX;

  /* Removes every key with this prefix; an empty prefix removes all. Required: what an operator revokes must
   * not be served again. [thread-safe] [may-block] */
  authd_status (*clear)(void* self, const authd_call*, authd_str prefix) AUTHD_NX;

  authd_status (*stats)(void* self, const authd_call*, authd_cache_stats*) AUTHD_NX; /* [thread-safe] */
} authd_cache_ops;

#ifdef __cplusplus
}
#endif
#endif
