// SPDX-License-Identifier: Apache-2.0
#include "konnect_answer.h"

#include <string>

#include "admin_answer.h"
#include "admin_url.h"
#include "credential_json.h"

namespace authd::konnect {
namespace {

using sdk::Status;

// Goes into a log line: nothing but what a trace looks like is repeated.
std::string trace_of(const kong::KongError& error) {
  constexpr std::size_t kLongest = 80;
  const bool plausible =
      error.trace.starts_with("konnect:") && error.trace.size() <= kLongest && kong::is_visible(error.trace);
  return plausible ? " (" + error.trace + ")" : std::string();
}

// {"code":3,"message":"data constraint error","details":[{"messages":["key (type: unique) constraint
// failed"]}]}
bool is_unique_violation(const kong::KongError& error, const std::string& body) {
  return error.message == "data constraint error" || body.find("(type: unique)") != std::string::npos ||
         error.message.find("unique constraint") != std::string::npos;
}

Status forbidden(const sdk::Call& call, const kong::KongError& error, const std::string& trace) {
  if (error.message == "usage constraint error")
    return call.fail(Status::unsupported,
                     "this control plane is managed by an ingress controller: its credentials are read-only" + trace,
                     403);
  return call.fail(
      Status::denied,
      "Konnect forbids authd this; check gateway.admin_token, and the roles of the account it belongs to" + trace, 403);
}

} // namespace

Status classify(const sdk::Call& call, const sdk::HttpResponse& answer) {
  const kong::KongError error = kong::parse_error(answer.body).value_or(kong::KongError());
  const std::string trace = trace_of(error);
  switch (answer.status) {
  case 400:
    if (is_unique_violation(error, answer.body))
      return call.fail(Status::conflict, "a credential with this key exists already" + trace, 400);
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
        "Konnect has nothing there; does gateway.admin_url name the right region and control plane?" + trace, 404);
  default:
    return kong::classify_common(call, answer, "Konnect", trace);
  }
}

} // namespace authd::konnect
