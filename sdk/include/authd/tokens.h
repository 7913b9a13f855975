/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service "authd.tokens/1": claims in, signed token out. Issuer, times, jti, typ and key are the host's, so that a
 * module can sign nothing but tokens of the kinds that its note lists in "issues". It is there where [signer] is
 * configured. Every function is [thread-safe].
 */
#ifndef AUTHD_TOKENS_H
#define AUTHD_TOKENS_H

#include "authd/abi.h"

#define AUTHD_TOKENS_V1 "authd.tokens/1"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  AUTHD_TOKEN_ACCESS = 1,        /* "access" in a note's "issues": typ at+jwt (RFC 9068); at most 24 hours */
  AUTHD_TOKEN_ID = 2,            /* "id": typ JWT (OpenID Connect Core, section 2); at most 24 hours */
  AUTHD_TOKEN_LOGOUT = 3,        /* "logout": typ logout+jwt (Back-Channel Logout, section 2.4); at most 10 minutes */
  AUTHD_TOKEN_INTROSPECTION = 4, /* "introspection": typ token-introspection+jwt (RFC 9701); at most 10 minutes */
  AUTHD_TOKEN_EVENT = 5          /* "event": typ secevent+jwt (RFC 8417); at most 24 hours */
};

/* Texts are UTF-8, of at most 4 KiB each; empty ones are left out of the token. */
typedef struct authd_claims {
  uint32_t size;
  uint32_t kind;             /* AUTHD_TOKEN_* */
  authd_str subject;         /* sub */
  authd_str client_id;       /* client_id */
  authd_str scope;           /* scope */
  const authd_str* audience; /* aud, 1 to 32: one as a string, several as an array */
  size_t audience_count;
  authd_str algorithm;       /* one of signer.algorithms; empty: the first of them */
  int64_t lifetime_ms;       /* at least 1 s; cut to the longest that the kind may have */
  authd_str jkt;             /* cnf.jkt (RFC 9449, section 6.1) */
  authd_bytes certificate;   /* cnf.x5t#S256 (RFC 8705, section 3.1): 32 bytes */
  authd_bytes more;          /* further claims: a JSON object of at most 16 KiB, without iss, sub, aud, exp, nbf, iat, jti,
                                client_id, scope and cnf; or empty */
} authd_claims;

/* What a token got. The caller sets `size`. */
typedef struct authd_token_facts {
  uint32_t size;
  uint32_t pad;
  int64_t issued_at_ms; /* since the epoch, whole seconds */
  int64_t expires_at_ms;
  char jti[32]; /* both end with a NUL */
  char kid[64];
} authd_token_facts;

typedef struct authd_expect {
  uint32_t size;
  uint32_t kind;              /* AUTHD_TOKEN_*; 0: any */
  const authd_str* issuers;   /* none: the instance's base_url */
  size_t issuer_count;
  const authd_str* audiences; /* one of them must be among the token's; none: whatever */
  size_t audience_count;
  const authd_str* algorithms; /* one of them; none: any of ours. "none" and symmetric ones never are */
  size_t algorithm_count;
} authd_expect;

typedef struct authd_tokens_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;

  /* The compact JWS into `token`; `facts` may be NULL. AUTHD_DENIED: a kind that the note does not list.
   * AUTHD_UNAVAILABLE: there is no active key yet, or the signer fails. AUTHD_WOULD_BLOCK on a first pass when the
   * signer would sleep: for RS256, and where keys are remote. */
  authd_status (*issue)(const struct authd_tokens_v1*, const authd_call*, const authd_claims*, const authd_sink* token,
                        authd_token_facts* facts) AUTHD_NX;

  /* Signature, by one of authd's own keys, issuer, audience, times, typ, and that it is not revoked; the payload as JSON
   * into `claims`. AUTHD_INVALID: the failure says why, for operators. AUTHD_UNAVAILABLE: nobody knows whether it is
   * revoked. AUTHD_WOULD_BLOCK on a first pass when that has to be read from the store. A revocation by another instance
   * counts after a second at the latest. */
  authd_status (*verify)(const struct authd_tokens_v1*, const authd_call*, authd_str token, const authd_expect*,
                         const authd_sink* claims) AUTHD_NX;

  /* The public keys as a JWKS (RFC 7517): those to come and those that only verify included. */
  authd_status (*jwks)(const struct authd_tokens_v1*, const authd_call*, const authd_sink* json) AUTHD_NX;

  /* No instance takes the token with this jti (1 to 64 bytes) any more, until it would have expired. Durable with
   * AUTHD_OK. AUTHD_DENIED: the note lists no kind of token. On a first pass AUTHD_WOULD_BLOCK. [may-block] */
  authd_status (*revoke)(const struct authd_tokens_v1*, const authd_call*, authd_str jti,
                         int64_t expires_at_ms) AUTHD_NX;
} authd_tokens_v1;

#ifdef __cplusplus
}
#endif
#endif
