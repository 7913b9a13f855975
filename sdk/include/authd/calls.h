/* SPDX-License-Identifier: Apache-2.0 */
/* Service "authd.calls/1": calls of a plugin's own, for work that no operation asked for. A thread that a
 * plugin began in start has no authd_call, and an exchange without one has no deadline: a server that never
 * answers would hold that thread, and stop with it, for ever. */
#ifndef AUTHD_CALLS_H
#define AUTHD_CALLS_H

#include "authd/abi.h"

#define AUTHD_CALLS_V1 "authd.calls/1"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct authd_calls_v1 {
  uint32_t size;
  uint32_t pad;

  /* A call whose deadline passes after timeout_ms; NULL: no memory. One thread uses it at a time. To be
   * closed before stop returns. [thread-safe] */
  const authd_call* (*open)(int64_t timeout_ms)AUTHD_NX;

  /* Withdraws it: remaining_ms is 0 from now on, and what waits in an exchange is let go within a tenth of
   * a second. [thread-safe], also while another thread uses the call. */
  void (*withdraw)(const authd_call*) AUTHD_NX;

  /* What was recorded last on the call, by the plugin or by a service it used; `message` is [borrowed]
   * until the call is used again or closed. */
  void (*failure)(const authd_call*, authd_error*) AUTHD_NX;

  void (*close)(const authd_call*) AUTHD_NX;
} authd_calls_v1;

#ifdef __cplusplus
}
#endif
#endif
