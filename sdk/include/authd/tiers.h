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

  /* Messages may have been missed (the subscription was interrupted): what the faster tiers hold is
   * suspect. In a plugin whose min_minor is 0 it may also mean that everything was cleared, as 1.0 had no
   * other word for that, and the host drops all that its faster tiers hold. [thread-safe], does no I/O. */
  void (*resync)(const struct authd_tiers_v1*) AUTHD_NX;

  /* Since 1.1: another instance cleared everything, so the host drops all that its faster tiers hold. Where
   * it is absent, resync stands for it. [thread-safe], does no I/O. */
  void (*cleared)(const struct authd_tiers_v1*) AUTHD_NX;
} authd_tiers_v1;

#ifdef __cplusplus
}
#endif
#endif
