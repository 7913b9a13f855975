/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugin kind "authd.signer/1": where private keys live. A signer makes keys, signs with them and shows their public
 * halves; a private key never leaves it. When a key signs, and for how long it verifies, is the host's: it keeps the
 * life of each key in the store (authd.store/1). The kind is provisional: a plugin of it loads only where its min_minor
 * equals the host's minor.
 *
 * Several instances of authd that share a store share their keys, too: their signers must reach the same ones.
 */
#ifndef AUTHD_SIGNER_H
#define AUTHD_SIGNER_H

#include "authd/abi.h"

#define AUTHD_SIGNER_V1 "authd.signer/1"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct authd_public_key {
  uint32_t size;
  uint32_t pad;
  authd_str id;          /* the signer's own name of the key: 1 to 128 visible ASCII characters */
  authd_str algorithm;   /* "ES256", "RS256" or "EdDSA" (Ed25519), so written (RFC 7518, RFC 8037) */
  authd_bytes spki;      /* SubjectPublicKeyInfo (RFC 5280) in DER, at most 4 KiB */
  int64_t created_at_ms; /* since the epoch; 0: unknown */
} authd_public_key;

typedef struct authd_key_sink {
  uint32_t size;
  uint32_t pad;
  void* ctx;
  /* Takes at most 1,024 keys, copies them. Other than AUTHD_OK: stop and return that status. */
  authd_status (*put)(const struct authd_key_sink*, const authd_public_key*) AUTHD_NX;
} authd_key_sink;

/* In authd_signer_ops.flags: sign with a key of the algorithm neither sleeps nor does I/O and takes less than 100 us, so
 * that the host calls it on its reactors. Without the flag it is called on workers alone. */
enum { AUTHD_SIGNER_INLINE_ES256 = 1u, AUTHD_SIGNER_INLINE_EDDSA = 2u, AUTHD_SIGNER_INLINE_RS256 = 4u };

typedef struct authd_signer_ops {
  uint32_t size;
  uint32_t flags; /* AUTHD_SIGNER_* */

  /* Makes a key and puts it. With AUTHD_OK it is durable: it is there after a crash. AUTHD_UNSUPPORTED: not for this
   * algorithm. [thread-safe] [may-block] */
  authd_status (*generate)(void* self, const authd_call*, authd_str algorithm, const authd_key_sink*) AUTHD_NX;

  /* The signature of the message as JWS has it (RFC 7518, section 3; RFC 8037, section 3.1), which the sink takes: of
   * ES256 r and s, 64 bytes. AUTHD_NOT_FOUND: there is no such key, as far as the last public_keys or generate knew.
   * [thread-safe] [may-block] unless the flags say otherwise */
  authd_status (*sign)(void* self, const authd_call*, authd_str id, authd_bytes message, authd_out* signature) AUTHD_NX;

  /* Puts every key that there is, in any order, those that another instance made included. The host asks about once a
   * second at most. [thread-safe] [may-block] */
  authd_status (*public_keys)(void* self, const authd_call*, const authd_key_sink*) AUTHD_NX;

  /* Destroys a key for ever. AUTHD_OK also when there was none. [thread-safe] [may-block] */
  authd_status (*remove)(void* self, const authd_call*, authd_str id) AUTHD_NX;
} authd_signer_ops;

#ifdef __cplusplus
}
#endif
#endif
