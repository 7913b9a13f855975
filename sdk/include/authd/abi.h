/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authd plugin ABI, version 1. This header and note.h, then cache.h, gateway.h, endpoint.h,
 * store.h or signer.h for the kind, and http.h, calls.h, tiers.h, consumers.h, services.h, records.h and tokens.h
 * for the services are the whole specification; read them top down.
 * The .hpp files beside them are C++ over the same tables and add no rule.
 *
 * A plugin is a shared object that exports exactly one symbol, authd_plugin_v1, and carries an ELF
 * note (note.h) that the host reads before it maps any of the plugin's code.
 *
 * Rules that hold everywhere
 *  - Strings and bytes are {pointer, length}, not NUL-terminated, and borrowed for the duration of the
 *    call [borrowed]. What a plugin wants to return goes into a sink of the host (authd_host.put, or a
 *    sink structure handed to the call). Nothing allocated on one side is freed on the other.
 *  - Tables begin with `size`, the sizeof the table as its author compiled it. Tables only ever grow at
 *    the end. A member may be called when it lies within `size` and is not NULL (AUTHD_HAS). Other structs
 *    grow in the same way: what lies beyond `size` reads as zero. "Since 1.1" marks what a minor added.
 *  - No function of a plugin may let a C++ exception out. In C++ the pointer types are noexcept, so a
 *    function that may throw does not convert to them.
 *  - No global and no thread-local state: several instances of one plugin live in one process.
 *
 * Tags: [thread-safe] may be called on any thread, concurrently; [serial] never concurrently for one
 * instance; [may-block] may sleep or do I/O within the deadline of its call; [borrowed] see above.
 */
#ifndef AUTHD_ABI_H
#define AUTHD_ABI_H

#include <stddef.h>
#include <stdint.h>

#define AUTHD_ABI_MAJOR 1
#define AUTHD_ABI_MINOR 3

/* The lowest host minor a plugin needs. A plugin built with newer headers that does not use what they
 * added may define AUTHD_TARGET_MINOR to keep running on older hosts. */
#ifndef AUTHD_TARGET_MINOR
#define AUTHD_TARGET_MINOR AUTHD_ABI_MINOR
#endif

/* The host defines AUTHD_HOST: it calls through plain pointers inside a try block, so that a plugin
 * which lies about noexcept becomes a refused plugin instead of an abort. */
#if defined(__cplusplus) && !defined(AUTHD_HOST)
#define AUTHD_NX noexcept
#else
#define AUTHD_NX
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define AUTHD_HAS(table, member)                                                                    \
  ((table) != NULL &&                                                                               \
   offsetof(__typeof__(*(table)), member) + sizeof((table)->member) <= (table)->size &&             \
   (table)->member != NULL)

typedef struct authd_str {
  const char* p;
  size_t n;
} authd_str;

typedef struct authd_bytes {
  const uint8_t* p;
  size_t n;
} authd_bytes;

/* Outcome of an operation. A value that the host does not know is taken as AUTHD_INTERNAL. */
typedef int32_t authd_status;
enum {
  AUTHD_OK = 0,
  AUTHD_NOT_FOUND = 1,    /* the backend answered: there is no such thing. Never trips a breaker */
  AUTHD_CONFLICT = 2,     /* somebody else owns that name (Kong: 409) */
  AUTHD_INVALID = 3,      /* the input is refused by the backend, however often it is sent; never for a
                             fault of the adapter's own request (see get_secret) */
  AUTHD_DENIED = 4,       /* authd's own credentials were refused (Kong: 401, 403) */
  AUTHD_RATE_LIMITED = 5, /* come back after error.retry_after_ms */
  AUTHD_UNAVAILABLE = 6,  /* the backend is down or failing */
  AUTHD_TIMEOUT = 7,      /* the deadline of the call passed */
  AUTHD_CANCELLED = 8,    /* the host withdrew the call */
  AUTHD_UNSUPPORTED = 9,  /* this backend cannot do that, ever */
  AUTHD_CORRUPT = 10,     /* the backend answered something that makes no sense */
  AUTHD_INTERNAL = 11,    /* a fault in the plugin */
  AUTHD_WOULD_BLOCK = 12  /* since 1.3: on a first pass (endpoint.h) the service would sleep, or change something.
                             From a plugin of another kind, and from a worker, it is AUTHD_INTERNAL */
};

enum { AUTHD_LOG_DEBUG = 0, AUTHD_LOG_INFO = 1, AUTHD_LOG_WARN = 2, AUTHD_LOG_ERROR = 3 };

/* Detail of a failure, recorded on the call with authd_host.fail. `message` is for operators: it names
 * what, where and the mend, and never holds a secret. With `setting` it says what is wrong with the value
 * alone, because the host puts the place before it: "authd.toml:14:7: gateway.url: names no host". */
typedef struct authd_error {
  uint32_t size;
  uint32_t flags;           /* 0 */
  int32_t upstream_status;  /* HTTP status of the backend, 0 if none */
  uint32_t retry_after_ms;  /* 0: not said */
  authd_str message;
  authd_str setting; /* since 1.1: RFC 6901 pointer of the setting at fault, in create and start; or empty */
} authd_error;

typedef struct authd_call authd_call; /* one operation: deadline, trace, failure. Opaque, borrowed */
typedef struct authd_cfg authd_cfg;   /* the validated settings of one instance. Opaque; valid until destroy */
typedef struct authd_out authd_out;   /* a byte sink of the host. Opaque, borrowed */

/* Since 1.3: a byte sink of the plugin, where a service puts what the plugin asked for. */
typedef struct authd_sink {
  uint32_t size;
  uint32_t pad;
  void* ctx; /* the plugin's */
  /* Called at most once, within the call of the service and on its thread; the bytes are [borrowed]. Other than
   * AUTHD_OK: the service fails with it. */
  authd_status (*put)(const struct authd_sink*, authd_bytes) AUTHD_NX;
} authd_sink;

enum {
  AUTHD_TYPE_NULL = 0,
  AUTHD_TYPE_BOOL = 1,   /* i: 0 or 1 */
  AUTHD_TYPE_INT = 2,    /* i; durations in ms, sizes in bytes, as the schema's x-authd-unit says */
  AUTHD_TYPE_DOUBLE = 3, /* d */
  AUTHD_TYPE_STRING = 4, /* s */
  AUTHD_TYPE_ARRAY = 5,  /* i: number of elements; the k-th is at pointer + "/k" */
  AUTHD_TYPE_OBJECT = 6  /* i: number of members; their names by cfg_key */
};

typedef struct authd_value {
  uint32_t size;
  uint32_t type;
  int64_t i;
  double d;
  authd_str s; /* [borrowed] until destroy */
} authd_value;

/* What the host offers. Every function is [thread-safe]. */
typedef struct authd_host {
  uint32_t size;
  uint16_t major, minor;
  void* ctx;

  /* One log line. `event` is a stable word such as "consumer-listed". call may be NULL. The line names the
   * plugin and the instance; and the request, when the call was made for one alone. */
  void (*log)(const struct authd_host*, const authd_call*, uint32_t level, authd_str event,
              authd_str message) AUTHD_NX;

  /* Records why the call failed and returns `status`, so that one may write `return fail(...)`. The last one
   * counts; but of a create that fails, since 1.1, each is a problem of its own and all are reported. */
  authd_status (*fail)(const struct authd_host*, const authd_call*, authd_status status,
                       const authd_error*) AUTHD_NX;

  /* Appends to a sink. AUTHD_INVALID when the sink's bound is exceeded: give up and return that. The
   * bounds: a cached value 1 MiB, a consumer's id 256 bytes, each text of authd_health 1 KiB. */
  authd_status (*put)(const struct authd_host*, authd_out*, authd_bytes) AUTHD_NX;

  /* Time left for this call in ms; 0: the deadline has passed or the call is withdrawn;
   * INT64_MAX: no deadline. */
  int64_t (*remaining_ms)(const struct authd_host*, const authd_call*) AUTHD_NX;

  /* The setting at an RFC 6901 JSON pointer, defaults included. AUTHD_NOT_FOUND when it is not set. */
  authd_status (*cfg_get)(const struct authd_host*, const authd_cfg*, authd_str json_pointer,
                          authd_value*) AUTHD_NX;

  /* The name of the i-th member of the object at a JSON pointer. AUTHD_NOT_FOUND past the end. */
  authd_status (*cfg_key)(const struct authd_host*, const authd_cfg*, authd_str json_pointer, uint32_t i,
                          authd_str*) AUTHD_NX;

  /* A service table by id and revision, e.g. AUTHD_HTTP_V1; NULL when this host has none. */
  const void* (*service)(const struct authd_host*, const char* id)AUTHD_NX;
} authd_host;

enum { AUTHD_HEALTH_UP = 0, AUTHD_HEALTH_DEGRADED = 1, AUTHD_HEALTH_DOWN = 2 };

typedef struct authd_health {
  uint32_t size;
  uint32_t state;      /* AUTHD_HEALTH_*; preset to UP */
  authd_out* detail;   /* why it is not up: one short sentence, no secret; at most 1 KiB */
  authd_out* endpoint; /* what was asked, e.g. the URL without credentials; at most 1 KiB */
} authd_health;

/* The life of an instance: create -> start -> operations on any thread -> stop -> destroy.
 * destroy is called exactly once after any create that returned AUTHD_OK, also when start failed. Each of
 * create, start and stop has ten seconds. */
typedef struct authd_lifecycle {
  uint32_t size;
  uint32_t flags; /* 0 */
  /* Reads its settings, and the local files that they name, and builds *self. No network, no threads.
   * [serial] */
  authd_status (*create)(const authd_host*, const authd_cfg*, const authd_call*, void** self) AUTHD_NX;
  /* Opens what it needs; optional. A backend that is down is not a failure: operations report it.
   * [serial] [may-block] */
  authd_status (*start)(void* self, const authd_call*) AUTHD_NX;
  /* Ends what start began: no thread, descriptor or callback is left after it; optional.
   * [serial] [may-block] */
  authd_status (*stop)(void* self, const authd_call*) AUTHD_NX;
  void (*destroy)(void* self) AUTHD_NX; /* [serial] */
  /* Optional; kinds with a probe of their own use that. [thread-safe] [may-block] */
  authd_status (*health)(void* self, const authd_call*, authd_health*) AUTHD_NX;
} authd_lifecycle;

typedef struct authd_component {
  uint32_t size;
  uint32_t pad;
  const char* kind;          /* AUTHD_CACHE_V1, AUTHD_GATEWAY_V1, ... */
  const char* name;          /* what a configuration says after plugin = */
  const char* summary;       /* one line */
  const char* config_schema; /* JSON Schema (the subset in docs/plugins.md); the note holds the same text */
  const char* const* needs;  /* NULL-terminated ids of services without which it cannot run; may be NULL */
  const authd_lifecycle* lifecycle;
  const void* ops; /* the table of its kind */
} authd_component;

typedef struct authd_plugin {
  uint32_t size;
  uint16_t major, min_minor;
  const char* id;      /* reverse-DNS or plain word, e.g. "com.acme.kong" */
  const char* version; /* semver */
  const char* vendor;
  const char* license; /* SPDX expression */
  const char* url;
  const authd_component* components; /* array */
  size_t component_count;
} authd_plugin;

/* The one exported symbol. No side effects; may be called more than once; returns a constant table. */
#define AUTHD_PLUGIN_ENTRY "authd_plugin_v1"
typedef const authd_plugin* (*authd_plugin_v1_fn)(uint32_t host_minor)AUTHD_NX;

#ifdef __cplusplus
}
#endif
#endif
