/* SPDX-License-Identifier: Apache-2.0 */
/* Service "authd.tiers/1": how a remote cache tier tells the host what another instance dropped, so that
 * the faster tiers of this instance drop it too. */
#ifndef AUTHD_TIERS_H
#define AUTHD_TIERS_H

#include "authd/abi.h"

#define AUTHD_TIERS_V1 "authd.tiers/1"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct authd_tiers_v1 {
  uint32_t size;
  uint32_t pad;
  const authd_host* host;

  /* Another instance deleted this key, as it was handed to del. Call it from start on, until stop has
   * returned. [thread-safe], does no I/O. */
  void (*invalidated)(const struct authd_tiers_v1*, authd_str key) AUTHD_NX;

  /* Messages may have been missed (the subscription was interrupted), or everything was cleared: the
   * host drops all that its faster tiers hold. [thread-safe], does no I/O. */
  void (*resync)(const struct authd_tiers_v1*) AUTHD_NX;
} authd_tiers_v1;

#ifdef __cplusplus
}
#endif
#endif
