// SPDX-License-Identifier: Apache-2.0
// Konnect's API: where a control plane and its realms are, and what an answer that is no success means
// (spec/kong.md, Konnect).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "authd/http_client.hpp"

namespace authd::kong_konnect {

struct ControlPlane {
  std::string base;   // what /core-entities stands below; port and path prefix stay
  std::string realms; // URL of the collection
  std::string id;     // usually a UUID; empty: the base names none
};

// Of a URL without trailing slashes: <root>/v2/control-planes/<id>, whose realms are at <root>/v1/realms; or, of a
// control plane of one's own (or a mock of it), any other base, whose realms are at <base>/realms. Throws
// std::invalid_argument, which says what to correct, for an id that is not one path segment, and for a host of
// Konnect's own without one.
ControlPlane control_plane_of(std::string_view url);

// What is unusual about it but works; nullopt: nothing.
std::optional<std::string> warning_about(const ControlPlane& plane);

// "auth-realm-<first 8 characters of the control plane's id>"; "default" where there is none.
std::string default_realm(const ControlPlane& plane);

// Its APIs disagree in how they report errors: core entities as {"message", "status"} or {"message", "code"}, the
// others as application/problem+json, whose "instance" ("konnect:trace:...") is repeated in the failure: Konnect's
// support finds the request by it.
//
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

} // namespace authd::kong_konnect
