/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugin kind "authd.store/1": where records live. Read records.h first: a store keeps the same records, of all modules
 * and of the host, under full type names ("oauth/code"), and knows no spaces, no seals and no caches; those are the
 * host's. The kind is provisional: a plugin of it loads only where its min_minor equals the host's minor.
 *
 * A store tells the time by authd.clock/1, never by a clock of its own: whether a record has expired is decided when an
 * operation reaches it, and a record that has expired is gone for every operation. What has expired is removed by the
 * store itself, soon enough that at a steady load expired records are at most a fifth of the living ones.
 *
 * The host keeps to the limits of records.h, and of bodies to AUTHD_STORED_MAX_BODY. It calls on its workers, never on a reactor.
 *
 * Failures: what, where and the mend are recorded (authd_host.fail). AUTHD_UNAVAILABLE: the disk is full or read-only,
 * the server is down. AUTHD_CORRUPT: what is stored makes no sense. AUTHD_TIMEOUT: the deadline of the call has passed.
 */
#ifndef AUTHD_STORE_H
#define AUTHD_STORE_H

#include "authd/abi.h"
#include "authd/records.h"

#define AUTHD_STORE_V1 "authd.store/1"

#define AUTHD_RECORD_MAX_TYPE 128
#define AUTHD_STORED_MAX_BODY 66560 /* AUTHD_RECORD_MAX_BODY and what the host's seal adds */

#ifdef __cplusplus
extern "C" {
#endif

enum { AUTHD_INDEX_UNIQUE = 1u }; /* no two living records of the type may have this value of the index */

/* Stands in arrays, without a size of its own: never grows. */
typedef struct authd_stored_index {
  authd_str name;
  authd_bytes value;
  uint64_t flags; /* AUTHD_INDEX_*; 0 in a search */
} authd_stored_index;

typedef struct authd_stored_record {
  uint32_t size;
  uint32_t pad;
  authd_str type; /* 1 to AUTHD_RECORD_MAX_TYPE bytes of visible ASCII */
  authd_bytes id;
  authd_bytes body;
  uint64_t version;
  int64_t expires_at_ms;
  const authd_stored_index* index; /* no name twice */
  size_t index_count;
} authd_stored_record;

typedef struct authd_stored_sink {
  uint32_t size;
  uint32_t pad;
  void* ctx;
  /* The record is [borrowed], whole, with its index values. Other than AUTHD_OK: stop, and return that. */
  authd_status (*put)(const struct authd_stored_sink*, const authd_stored_record*) AUTHD_NX;
} authd_stored_sink;

/* Of UPDATE and PUT: the stored record gets `version` as it is given (at least 1) instead of the next one. For copying
 * a store, and for sealing its bodies anew: nobody else sees a change in that. UPDATE still wants it to be the stored
 * one. */
enum { AUTHD_STORED_SAME_VERSION = 1u };

/* Stands in arrays, without a size of its own: never grows. */
typedef struct authd_stored_change {
  uint32_t op;    /* AUTHD_CHANGE_* */
  uint32_t flags; /* AUTHD_STORED_* */
  const authd_stored_record* record;
} authd_stored_change;

typedef struct authd_store_stats {
  uint32_t size;
  uint32_t pad;
  uint64_t expired; /* records that have expired and wait for their removal; UINT64_MAX: unknown */
  uint64_t bytes;   /* on disk; UINT64_MAX: unknown */
  uint64_t batches; /* calls of apply that were OK, since the start */
  uint64_t commits; /* in so many transactions */
} authd_store_stats;

/* Every function is [thread-safe] [may-block]. */
typedef struct authd_store_ops {
  uint32_t size;
  uint32_t flags; /* 0 */

  /* Puts the record, alive; AUTHD_NOT_FOUND. */
  authd_status (*get)(void* self, const authd_call*, authd_str type, authd_bytes id,
                      const authd_stored_sink* out) AUTHD_NX;

  /* As authd_records_v1.find; `flags`: AUTHD_FIND_*. */
  authd_status (*find)(void* self, const authd_call*, authd_str type, const authd_stored_index* index, uint32_t flags,
                       authd_bytes after, uint32_t limit, const authd_stored_sink* out) AUTHD_NX;

  /* As authd_records_v1.apply; `flags`: AUTHD_APPLY_*. `failed` is never NULL, `out` may be. AUTHD_OK: it is durable,
   * that is, a power cut does not undo it. `out` is used after that; if it refuses, its status is returned, and the
   * changes stay. AUTHD_TIMEOUT: nothing has changed, if the failure does not say otherwise. */
  authd_status (*apply)(void* self, const authd_call*, const authd_stored_change* changes, size_t count, uint32_t flags,
                        size_t* failed, const authd_stored_sink* out) AUTHD_NX;

  /* Puts living records of every type, by type and then id, after (after_type, after_id), both empty: from the first;
   * at most `limit`. For export, and for sealing anew. */
  authd_status (*scan)(void* self, const authd_call*, authd_str after_type, authd_bytes after_id, uint32_t limit,
                       const authd_stored_sink* out) AUTHD_NX;

  /* Looks at everything that is stored. AUTHD_CORRUPT with what is wrong; `report`: one line that says what was looked
   * at (at most 1 KiB). Optional. */
  authd_status (*check)(void* self, const authd_call*, authd_out* report) AUTHD_NX;

  /* Writes a copy of the whole store, as it was at one moment, to a new file at this absolute path, while it is in use.
   * AUTHD_CONFLICT: the file exists. Optional. */
  authd_status (*backup)(void* self, const authd_call*, authd_str path) AUTHD_NX;

  /* Optional. */
  authd_status (*stats)(void* self, const authd_call*, authd_store_stats*) AUTHD_NX;
} authd_store_ops;

#ifdef __cplusplus
}
#endif
#endif
