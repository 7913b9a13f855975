/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service "authd.records/1": what must outlive the process, without SQL. Each instance has a space of its own, named
 * after it, in whatever store (store.h) is configured: it sees no other's records.
 *
 * A record: type (declared in the note, with the names of its indexes), id (1 to 64 bytes, chosen by the module; of
 * secrets the SHA-256 of the secret), body (at most 64 KiB; sealed by the host if the type says so), version (counts
 * up), an expiry, and at most one value (1 to 256 bytes) for each index of its type. An expired record is gone for
 * every operation, at once; the host removes it later.
 */
#ifndef AUTHD_RECORDS_H
#define AUTHD_RECORDS_H

#include "authd/abi.h"

#define AUTHD_RECORDS_V1 "authd.records/1"

#define AUTHD_RECORD_MAX_ID 64
#define AUTHD_RECORD_MAX_BODY 65536
#define AUTHD_RECORD_MAX_INDEX 4
#define AUTHD_RECORD_MAX_VALUE 256
#define AUTHD_RECORD_MAX_CHANGES 64
#define AUTHD_RECORD_MAX_FOUND 1000
#define AUTHD_RECORD_MAX_REMOVED 10000 /* by one AUTHD_CHANGE_REMOVE_BY */

#ifdef __cplusplus
extern "C" {
#endif

/* Stands in arrays, without a size of its own: never grows. */
typedef struct authd_index {
  authd_str name; /* one of the type's */
  authd_bytes value;
} authd_index;

typedef struct authd_record {
  uint32_t size;
  uint32_t type; /* position in the note's "records" */
  authd_bytes id;
  authd_bytes body;
  uint64_t version;      /* 1 when it is inserted, one more at each change */
  int64_t expires_at_ms; /* wall clock (authd.clock/1); INT64_MAX: never */
  const authd_index* index;
  size_t index_count;
} authd_record;

typedef struct authd_record_sink {
  uint32_t size;
  uint32_t pad;
  void* ctx;
  /* The record is [borrowed]. Other than AUTHD_OK: stop, and return that. */
  authd_status (*put)(const struct authd_record_sink*, const authd_record*) AUTHD_NX;
} authd_record_sink;

enum {
  AUTHD_CHANGE_INSERT = 1,    /* AUTHD_CONFLICT if it exists, or if a unique index value is taken */
  AUTHD_CHANGE_UPDATE = 2,    /* AUTHD_CONFLICT unless `version` is the stored one; AUTHD_NOT_FOUND. Replaces body,
                                 expiry and index values; AUTHD_CONFLICT, too, if a unique one is taken */
  AUTHD_CHANGE_PUT = 3,       /* insert, or replace whatever the version is; AUTHD_CONFLICT if a unique value is taken */
  AUTHD_CHANGE_TAKE = 4,      /* removes; AUTHD_NOT_FOUND unless it is there and alive: the atomic single use */
  AUTHD_CHANGE_REMOVE = 5,    /* AUTHD_OK also when it was not there */
  AUTHD_CHANGE_REMOVE_BY = 6, /* every record with index[0]: revoke a family, log a user out. AUTHD_INVALID if they are
                                 more than AUTHD_RECORD_MAX_REMOVED: find and remove them in parts */
  AUTHD_CHANGE_EXPECT = 7     /* changes nothing: AUTHD_CONFLICT unless `version` is the stored one (0: absent) */
};

/* Stands in arrays, without a size of its own: never grows. Of a change that needs only the id, only the id of the
 * record is looked at. */
typedef struct authd_change {
  uint32_t op;    /* AUTHD_CHANGE_* */
  uint32_t flags; /* 0 */
  const authd_record* record;
} authd_change;

/* The power may lose it, the process never: for counters and times of last use. A permission: a store may make it as
 * durable as everything else. */
enum { AUTHD_APPLY_RELAXED = 1u };

enum { AUTHD_FIND_PREFIX = 1u }; /* values that begin with the given one */

typedef struct authd_records_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;

  /* Puts the record, alive; AUTHD_NOT_FOUND. A type with "max_stale" may be answered from the host's read cache, by a
   * copy of at most that age. On a first pass (endpoint.h) that cache is all there is: AUTHD_WOULD_BLOCK otherwise.
   * [thread-safe] [may-block] */
  authd_status (*get)(const struct authd_records_v1*, const authd_call*, uint32_t type, authd_bytes id,
                      const authd_record_sink* out) AUTHD_NX;

  /* Puts those whose index has this value, by id, after `after` (empty: from the first), at most `limit` (1 to
   * AUTHD_RECORD_MAX_FOUND). `index` NULL: every record of the type. AUTHD_OK also when there are none. On a first pass
   * AUTHD_WOULD_BLOCK. [thread-safe] [may-block] */
  authd_status (*find)(const struct authd_records_v1*, const authd_call*, uint32_t type, const authd_index* index,
                       uint32_t flags, authd_bytes after, uint32_t limit, const authd_record_sink* out) AUTHD_NX;

  /* All or none, isolated, in order; at most AUTHD_RECORD_MAX_CHANGES. AUTHD_OK: it is durable. Otherwise nothing has
   * changed, and *failed (may be NULL) is the position of the change that was refused, or `count`; but after
   * AUTHD_TIMEOUT and AUTHD_UNAVAILABLE it may have happened or not. What TAKE removed and what UPDATE found, as it was
   * before, goes to `out` (may be NULL), in order. On a first pass AUTHD_WOULD_BLOCK. [thread-safe] [may-block] */
  authd_status (*apply)(const struct authd_records_v1*, const authd_call*, const authd_change* changes, size_t count,
                        uint32_t flags, size_t* failed, const authd_record_sink* out) AUTHD_NX;
} authd_records_v1;

#ifdef __cplusplus
}
#endif
#endif
