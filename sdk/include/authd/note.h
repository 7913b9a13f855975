/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ELF note that lets a host know a plugin before it runs any of its code: section .note.authd,
 * owner "Authd", type 1, descriptor = u32 major, u32 min_minor, then JSON text, which NULs may follow:
 *
 *   {"id": "com.acme.kong", "version": "1.2.0", "sdk": "0.1.0", "toolchain": "gcc 12.2.0",
 *    "components": [{"kind": "authd.gateway/1", "name": "acme-kong", "config_schema": {...}}]}
 *
 * Since 1.1 a component may also have, and a host of 1.0 passes over:
 *   "mode": "API_GATEWAY"     what /health calls this adapter, a word; without it, the plugin's id
 *   "adds": "REDIS_ENABLED"   the environment variable that adds this tier when it is true
 *   "remote": true            whether a tier's values leave the process, as its operations' flags say
 *
 * Since 1.3, what a component needs, keeps and does. One that has any of these gets the services that it needs and no
 * others:
 *   "needs": ["authd.records/1"]                  ids of services, at most 64
 *   "routes": [{"method": "POST", "path": "/token", "flags": 1, "operation": {...}}]    see endpoint.h; at most 256
 *   "records": [{"name": "code", "indexes": [{"name": "family", "unique": false}], "sealed": true, "max_stale": 0}]
 *                                                 types, see records.h; at most 64. max_stale in ms, up to 60000
 *   "issues": ["access"]                          kinds of token, see tokens.h
 *   "emits": ["code.replayed"], "listens": [...]  types of event
 *
 * All of it must agree with the descriptor that authd_plugin_v1 returns; each config_schema stands in
 * the note as a JSON object and in the descriptor as the text of that object. C++ authors need none of
 * this: AUTHD_PLUGIN in plugin.hpp writes note and descriptor from the same data.
 */
#ifndef AUTHD_NOTE_H
#define AUTHD_NOTE_H

#include "authd/abi.h"

#define AUTHD_NOTE_SECTION ".note.authd"
#define AUTHD_NOTE_OWNER "Authd"
#define AUTHD_NOTE_TYPE 1

/* The version of these headers, as the note reports it. */
#define AUTHD_SDK_VERSION "0.1.0"

#define AUTHD_TEXT_OF(x) #x
#define AUTHD_TEXT(x) AUTHD_TEXT_OF(x)
#if defined(__clang__)
#define AUTHD_TOOLCHAIN                                                                             \
  "clang " AUTHD_TEXT(__clang_major__) "." AUTHD_TEXT(__clang_minor__) "." AUTHD_TEXT(__clang_patchlevel__)
#elif defined(__GNUC__)
#define AUTHD_TOOLCHAIN "gcc " __VERSION__
#else
#define AUTHD_TOOLCHAIN "unknown"
#endif

/* `used` keeps the note through the compiler and LTO, `retain` through --gc-sections. clang's AddressSanitizer would
 * put a red zone behind the note, in its section, which then is no list of notes any more. */
#if defined(__clang__)
#define AUTHD_NOTE_KEPT used, no_sanitize("address")
#else
#define AUTHD_NOTE_KEPT used
#endif
#if defined(__has_attribute)
#if __has_attribute(retain)
#define AUTHD_NOTE_PLACEMENT __attribute__((AUTHD_NOTE_KEPT, retain, section(AUTHD_NOTE_SECTION), aligned(4)))
#endif
#endif
#ifndef AUTHD_NOTE_PLACEMENT
#define AUTHD_NOTE_PLACEMENT __attribute__((AUTHD_NOTE_KEPT, section(AUTHD_NOTE_SECTION), aligned(4)))
#endif

/* The one symbol that a plugin shows; everything else is built with -fvisibility=hidden. */
#define AUTHD_EXPORT __attribute__((visibility("default")))

/* For plugins in C: defines the note. `json` is a string literal; schemas are easily shared between
 * it and the descriptor by a macro that holds their text. */
#define AUTHD_NOTE(json_literal)                                                                    \
  AUTHD_NOTE_PLACEMENT static const struct {                                                        \
    uint32_t owner_size, descriptor_size, type;                                                     \
    char owner[8];                                                                                  \
    uint32_t major, min_minor;                                                                      \
    char json[(sizeof(json_literal) + 3u) & ~(size_t)3u];                                           \
  } authd_plugin_note = {sizeof(AUTHD_NOTE_OWNER),                                                  \
                         (uint32_t)(8u + sizeof(json_literal)),                                     \
                         AUTHD_NOTE_TYPE,                                                           \
                         AUTHD_NOTE_OWNER,                                                          \
                         AUTHD_ABI_MAJOR,                                                           \
                         AUTHD_TARGET_MINOR,                                                        \
                         json_literal}

#endif
