// SPDX-License-Identifier: Apache-2.0
// Which control plane, and where (spec/kong.md, Konnect).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace authd::konnect {

struct ControlPlane {
  std::string base;   // what /core-entities stands below; port and path prefix stay
  std::string realms; // URL of the collection
  std::string id;     // usually a UUID; empty: the base names none
};

// Of a URL without trailing slashes: <root>/v2/control-planes/<id>, whose realms are at <root>/v1/realms; or, of a
// control plane of one's own (or a mock of it), any other base, whose realms are at <base>/realms. Throws
// std::invalid_argument, with the mend, for an id that is not one path segment, and for a host of Konnect's own
// without one.
ControlPlane control_plane_of(std::string_view url);

// What should be known of it and keeps nothing from working; nullopt: nothing.
std::optional<std::string> doubt_about(const ControlPlane& plane);

// "auth-realm-<first 8 characters of the control plane's id>"; "default" where there is none.
std::string default_realm(const ControlPlane& plane);

} // namespace authd::konnect
