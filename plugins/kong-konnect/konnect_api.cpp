// SPDX-License-Identifier: Apache-2.0
#include "konnect_api.h"

#include <stdexcept>
#include <string>

#include "kong-admin/admin_answer.h"
#include "kong-admin/admin_client.h"
#include "kong-admin/credentials.h"

namespace authd::kong_konnect {
namespace {

using sdk::Status;

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

// Goes into a log line: nothing but what a trace looks like is repeated.
std::string trace_of(const kong_admin::KongError& error) {
  constexpr std::size_t kLongest = 80;
  const bool plausible =
      error.trace.starts_with("konnect:") && error.trace.size() <= kLongest && kong_admin::is_visible(error.trace);
  return plausible ? " (" + error.trace + ")" : std::string();
}

// {"code":3,"message":"data constraint error","details":[{"messages":["key (type: unique) constraint
// failed"]}]}
bool is_unique_violation(const kong_admin::KongError& error, const std::string& body) {
  return error.message == "data constraint error" || body.find("(type: unique)") != std::string::npos ||
         error.message.find("unique constraint") != std::string::npos;
}

Status forbidden(const sdk::Call& call, const kong_admin::KongError& error, const std::string& trace) {
  if (error.message == "usage constraint error")
    return call.fail(Status::unsupported,
                     "this control plane is managed by an ingress controller: its credentials are read-only" + trace,
                     403);
  return call.fail(Status::denied,
                   "Konnect denies authd access; check gateway.admin_token and the roles of its account" + trace, 403);
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

std::optional<std::string> warning_about(const ControlPlane& plane) {
  if (plane.id.empty() || kong_admin::is_uuid(plane.id)) return std::nullopt;
  return "the control plane's id \"" + plane.id + "\" is not a UUID, as Konnect's are; it is used as it is";
}

std::string default_realm(const ControlPlane& plane) {
  return plane.id.empty() ? "default" : "auth-realm-" + plane.id.substr(0, 8);
}

Status classify(const sdk::Call& call, const sdk::HttpResponse& answer) {
  const kong_admin::KongError error = kong_admin::parse_error(answer.body).value_or(kong_admin::KongError());
  const std::string trace = trace_of(error);
  switch (answer.status) {
  case 400:
    if (is_unique_violation(error, answer.body))
      return call.fail(Status::conflict, "a credential with this key already exists" + trace, 400);
    return call.fail(Status::invalid, "Konnect refuses this consumer's name or credential" + trace, 400);
  case 401:
    return call.fail(Status::denied,
                     "Konnect refuses authd's token; check gateway.admin_token, and whether it has expired" + trace,
                     401);
  case 403:
    return forbidden(call, error, trace);
  case 404:
    return call.fail(
        Status::unavailable,
        "Konnect found nothing at this URL; check the region and the control plane in gateway.admin_url" + trace, 404);
  default:
    return kong_admin::classify_common(call, answer, "Konnect", trace);
  }
}

} // namespace authd::kong_konnect
