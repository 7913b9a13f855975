// SPDX-License-Identifier: Apache-2.0
#include "control_plane.h"

#include <stdexcept>

#include "credential_json.h"

namespace authd::konnect {
namespace {

constexpr std::string_view kCollection = "/v2/control-planes";
constexpr std::string_view kKonnect = ".api.konghq.com"; // behind the region

std::string_view host_of(std::string_view url) {
  const auto scheme = url.find("://");
  const auto rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of(":/"));
}

bool is_segment(std::string_view text) {
  return !text.empty() && text.find('/') == std::string_view::npos && text != "." && text != "..";
}

[[noreturn]] void refuse() {
  throw std::invalid_argument("must end with the control plane's id, as in "
                              "https://eu.api.konghq.com/v2/control-planes/00000000-0000-4000-8000-000000000000; "
                              "Konnect shows region and id in Gateway Manager");
}

} // namespace

ControlPlane control_plane_of(std::string_view url) {
  const std::string base(url);
  const std::string collection = std::string(kCollection) + '/';
  if (const auto at = url.rfind(collection); at != std::string_view::npos) {
    const auto id = url.substr(at + collection.size());
    if (!is_segment(id)) refuse();
    return {base, std::string(url.substr(0, at)) + "/v1/realms", std::string(id)};
  }
  if (url.ends_with(kCollection) || host_of(url).ends_with(kKonnect)) refuse();
  return {base, base + "/realms", {}};
}

std::optional<std::string> doubt_about(const ControlPlane& plane) {
  if (plane.id.empty() || kong::is_uuid(plane.id)) return std::nullopt;
  return "the control plane's id \"" + plane.id + "\" is no UUID, as Konnect's are; it is used as it stands";
}

std::string default_realm(const ControlPlane& plane) {
  return plane.id.empty() ? "default" : "auth-realm-" + plane.id.substr(0, 8);
}

} // namespace authd::konnect
