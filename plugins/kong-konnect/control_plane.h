// SPDX-License-Identifier: Apache-2.0
// Which control plane, and where.
#pragma once

#include <string>
#include <string_view>

namespace authd::konnect {

struct ControlPlane {
  std::string root; // what /v1 and /v2 stand below: "https://eu.api.konghq.com"; port and path prefix stay
  std::string base; // root/v2/control-planes/<id>
  std::string id;   // a UUID
};

// Of a URL without trailing slashes. Throws std::invalid_argument, with the mend, for one that does not end
// in /v2/control-planes/<UUID>.
ControlPlane control_plane_of(std::string_view url);

// "auth-realm-<first 8 of the control plane's id>"
std::string default_realm(const ControlPlane& plane);

} // namespace authd::konnect
