// SPDX-License-Identifier: Apache-2.0
// What an answer of Konnect that is no success means. Its APIs disagree in how they report errors: core
// entities as {"message", "status"} or {"message", "code"}, the others as application/problem+json, whose
// "instance" ("konnect:trace:...") is repeated in the failure: Konnect's support finds the request by it.
#pragma once

#include "authd/http_client.hpp"

namespace authd::konnect {

// Records the failure on the call and returns its status, never ok:
//   denied        401, 403
//   unsupported   403 because the control plane is managed by something else than its API
//   conflict      409, and 400 about a value that must be unique, which is what core entities answer
//   invalid       other 400, and 414
//   rate_limited  429, with Retry-After
//   corrupt       a success of another kind than was asked for
//   unavailable   everything else. 404 too: whether a consumer is unknown or its control plane, a 404 does
//                 not say
sdk::Status classify(const sdk::Call& call, const sdk::HttpResponse& answer);

} // namespace authd::konnect
