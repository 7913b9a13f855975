/* SPDX-License-Identifier: Apache-2.0 */
/* Service "authd.consumers/1", since 1.1: how a gateway that sees its source change tells the host, so that nobody
 * is served from a cache what the source does not say any more. */
#ifndef AUTHD_CONSUMERS_H
#define AUTHD_CONSUMERS_H

#include "authd/abi.h"

#define AUTHD_CONSUMERS_V1 "authd.consumers/1"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct authd_consumers_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;

  /* get_secret of this name would answer something else now: other credentials, another consumer, or none. Names
   * are what get_secret is asked by, so a consumer that has an id and a username is reported by both. Every tier
   * drops the name, in every instance that shares a remote tier. Call it when get_secret answers the new state
   * already; from start on, until stop has returned. [thread-safe], does no I/O: the host drops in the
   * background. */
  void (*changed)(const struct authd_consumers_v1*, authd_str consumer) AUTHD_NX;

  /* The same of every name. */
  void (*all_changed)(const struct authd_consumers_v1*) AUTHD_NX;
} authd_consumers_v1;

#ifdef __cplusplus
}
#endif
#endif
