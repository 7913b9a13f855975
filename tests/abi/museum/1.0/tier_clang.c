/* SPDX-License-Identifier: Apache-2.0 */
/* A NONBLOCKING tier in plain C over the tables of ABI 1.0: a few slots behind a spin lock. */
#include <authd/cache.h>
#include <authd/note.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCHEMA "{\"type\": \"object\", \"properties\": {\"slots\": {\"type\": \"integer\", \"default\": 32}}}"

AUTHD_NOTE("{\"id\": \"museum.clang\", \"version\": \"1.0.0\", \"sdk\": \"" AUTHD_SDK_VERSION
           "\", \"toolchain\": \"" AUTHD_TOOLCHAIN "\", \"components\": [{\"kind\": \"" AUTHD_CACHE_V1
           "\", \"name\": \"museum-tier\", \"config_schema\": " SCHEMA "}]}");

enum { KEY_BYTES = 320, VALUE_BYTES = 4096 };

typedef struct slot {
  size_t key_size; /* 0: free */
  size_t value_size;
  int64_t fresh_until_ms, stale_until_ms;
  char key[KEY_BYTES];
  uint8_t value[VALUE_BYTES];
} slot;

typedef struct tier {
  const authd_host* host;
  atomic_flag lock;
  size_t slot_count;
  uint64_t evictions;
  slot slots[];
} tier;

static authd_str text(const char* s) {
  const authd_str view = {s, strlen(s)};
  return view;
}

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void lock(tier* t) {
  while (atomic_flag_test_and_set_explicit(&t->lock, memory_order_acquire)) {
  }
}
static void unlock(tier* t) { atomic_flag_clear_explicit(&t->lock, memory_order_release); }

static int holds(const slot* s, authd_str key) {
  return s->key_size == key.n && memcmp(s->key, key.p, key.n) == 0;
}

static slot* find(tier* t, authd_str key) {
  for (size_t i = 0; i < t->slot_count; ++i)
    if (holds(&t->slots[i], key)) return &t->slots[i];
  return NULL;
}

/* The slot of the key, else a free one, else the first. */
static slot* place_for(tier* t, authd_str key) {
  slot* found = find(t, key);
  for (size_t i = 0; found == NULL && i < t->slot_count; ++i)
    if (t->slots[i].key_size == 0) found = &t->slots[i];
  if (found != NULL) return found;
  ++t->evictions;
  return &t->slots[0];
}

static authd_status create(const authd_host* host, const authd_cfg* cfg, const authd_call* call, void** self) {
  authd_value slots = {.size = sizeof slots};
  if (host->cfg_get(host, cfg, text("/slots"), &slots) != AUTHD_OK || slots.type != AUTHD_TYPE_INT ||
      slots.i < 1 || slots.i > 1024) {
    const authd_error error = {.size = sizeof error, .message = text("slots is not 1 to 1024")};
    return host->fail(host, call, AUTHD_INVALID, &error);
  }
  tier* t = calloc(1, sizeof *t + (size_t)slots.i * sizeof(slot));
  if (t == NULL) return AUTHD_INTERNAL;
  t->host = host;
  t->slot_count = (size_t)slots.i;
  *self = t;
  return AUTHD_OK;
}

static void destroy(void* self) { free(self); }

static authd_status read_until(tier* t, authd_str key, int stale, authd_out* out) {
  lock(t);
  const slot* s = find(t, key);
  authd_status status = AUTHD_NOT_FOUND;
  if (s != NULL && now_ms() < (stale ? s->stale_until_ms : s->fresh_until_ms)) {
    const authd_bytes value = {s->value, s->value_size};
    status = t->host->put(t->host, out, value);
  }
  unlock(t);
  return status;
}

static authd_status get(void* self, const authd_call* call, authd_str key, authd_out* out) {
  (void)call;
  return read_until(self, key, 0, out);
}

static authd_status get_stale(void* self, const authd_call* call, authd_str key, authd_out* out) {
  (void)call;
  return read_until(self, key, 1, out);
}

static authd_status set(void* self, const authd_call* call, authd_str key, authd_bytes value, int64_t ttl_ms,
                        int64_t stale_ms) {
  (void)call;
  tier* t = self;
  if (key.n == 0 || key.n > KEY_BYTES || value.n > VALUE_BYTES) return AUTHD_INVALID;
  lock(t);
  slot* s = place_for(t, key);
  memcpy(s->key, key.p, key.n);
  memcpy(s->value, value.p, value.n);
  s->key_size = key.n;
  s->value_size = value.n;
  s->fresh_until_ms = now_ms() + ttl_ms;
  s->stale_until_ms = s->fresh_until_ms + stale_ms;
  unlock(t);
  return AUTHD_OK;
}

static authd_status del(void* self, const authd_call* call, authd_str key) {
  (void)call;
  tier* t = self;
  lock(t);
  slot* s = find(t, key);
  if (s != NULL) s->key_size = 0;
  unlock(t);
  return AUTHD_OK; /* also when there was none, as 1.0 has it */
}

static authd_status clear(void* self, const authd_call* call, authd_str prefix) {
  (void)call;
  tier* t = self;
  lock(t);
  for (size_t i = 0; i < t->slot_count; ++i)
    if (t->slots[i].key_size >= prefix.n && memcmp(t->slots[i].key, prefix.p, prefix.n) == 0)
      t->slots[i].key_size = 0;
  unlock(t);
  return AUTHD_OK;
}

static authd_status stats(void* self, const authd_call* call, authd_cache_stats* out) {
  (void)call;
  tier* t = self;
  lock(t);
  for (size_t i = 0; i < t->slot_count; ++i) {
    out->entries += t->slots[i].key_size != 0;
    out->bytes += t->slots[i].key_size != 0 ? t->slots[i].value_size : 0;
  }
  out->capacity = t->slot_count;
  out->evictions = t->evictions;
  unlock(t);
  return AUTHD_OK;
}

static const authd_lifecycle lifecycle = {.size = sizeof lifecycle, .create = create, .destroy = destroy};
static const authd_cache_ops ops = {.size = sizeof ops,
                                    .flags = AUTHD_CACHE_NONBLOCKING,
                                    .get = get,
                                    .get_stale = get_stale,
                                    .set = set,
                                    .del = del,
                                    .clear = clear,
                                    .stats = stats};
static const authd_component components[] = {{.size = sizeof components[0],
                                              .kind = AUTHD_CACHE_V1,
                                              .name = "museum-tier",
                                              .summary = "a few slots, in C",
                                              .config_schema = SCHEMA,
                                              .lifecycle = &lifecycle,
                                              .ops = &ops}};
static const authd_plugin plugin = {.size = sizeof plugin,
                                    .major = AUTHD_ABI_MAJOR,
                                    .min_minor = AUTHD_TARGET_MINOR,
                                    .id = "museum.clang",
                                    .version = "1.0.0",
                                    .vendor = "",
                                    .license = "Apache-2.0",
                                    .url = "",
                                    .components = components,
                                    .component_count = 1};

AUTHD_EXPORT const authd_plugin* authd_plugin_v1(uint32_t host_minor);
const authd_plugin* authd_plugin_v1(uint32_t host_minor) {
  (void)host_minor;
  return &plugin;
}
