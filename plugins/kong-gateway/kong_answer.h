// SPDX-License-Identifier: Apache-2.0
// What an answer of Kong's Admin API that is no success means. The rules are taken from a running Kong
// 3.9; each one is there because the wrong status would either drop a consumer's cached credential or
// let one client open the breaker for all.
#pragma once

#include "authd/http_client.hpp"

namespace authd::kong {

// Records the failure on the call and returns its status, never ok:
//   not_found     404 with Kong's own {"message":"Not found"}
//   invalid       400 and 414: Kong refuses the consumer's name
//   denied        401, 403
//   rate_limited  429, with Retry-After
//   conflict      409
//   unsupported   405 with Kong's code 12: Kong runs without a database
//   corrupt       a success of another kind than was asked for
//   unavailable   everything else: Kong fails, or what answers is not its Admin API
sdk::Status classify(const sdk::Call& call, const sdk::HttpResponse& answer);

} // namespace authd::kong
