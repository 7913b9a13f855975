// SPDX-License-Identifier: Apache-2.0
#include "control_plane.h"

#include <stdexcept>

#include "credential_json.h"

namespace authd::konnect {
namespace {

constexpr std::string_view kCollection = "/v2/control-planes/";

}

ControlPlane control_plane_of(std::string_view url) {
  const auto at = url.rfind(kCollection);
  const auto id = at == std::string_view::npos ? std::string_view() : url.substr(at + kCollection.size());
  if (!kong::is_uuid(id))
    throw std::invalid_argument(
        "must end with the control plane's id, as in "
        "https://eu.api.konghq.com/v2/control-planes/00000000-0000-4000-8000-000000000000; "
        "Konnect shows region and id in Gateway Manager");
  return {std::string(url.substr(0, at)), std::string(url), std::string(id)};
}

std::string default_realm(const ControlPlane& plane) { return "auth-realm-" + plane.id.substr(0, 8); }

} // namespace authd::konnect
