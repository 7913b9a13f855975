// SPDX-License-Identifier: Apache-2.0
#include "kong_answer.h"

#include <string>

#include "admin_answer.h"
#include "credential_json.h"

namespace authd::kong {
namespace {

using sdk::Status;

constexpr int kOperationUnsupported = 12; // kong/db/errors.lua

// A wrong address, a proxy or a load balancer answer 404 as well. Taken for "no such consumer", that
// would drop every consumer's credential, stale copies included.
Status not_found(const sdk::Call& call, const sdk::HttpResponse& answer) {
  const auto error = parse_error(answer.body);
  if (error && error->message == "Not found")
    return call.fail(Status::not_found, "Kong knows no such consumer", answer.status);
  return call.fail(Status::unavailable,
                   "a 404 that Kong's Admin API does not send; does gateway.admin_url name the Admin API?",
                   answer.status);
}

// Kong refuses odd names with 400, as JSON or as nginx's HTML. But nginx has 400s that have nothing to do
// with the name, and to blame the consumer for those would hide that nobody can get a token.
Status bad_request(const sdk::Call& call, const sdk::HttpResponse& answer) {
  for (const std::string_view other : {"HTTPS port", "SSL certificate", "Header Or Cookie Too Large"})
    if (answer.body.find(other) != std::string::npos)
      return call.fail(Status::unavailable,
                       "Kong refuses authd's connection; check gateway.admin_url (http or https?), the client "
                       "certificate and the length of gateway.admin_token",
                       answer.status);
  return call.fail(Status::invalid, "Kong refuses this consumer's name or credential", answer.status);
}

Status method_not_allowed(const sdk::Call& call, const sdk::HttpResponse& answer) {
  const auto error = parse_error(answer.body);
  if (error && error->code == kOperationUnsupported)
    return call.fail(Status::unsupported, "Kong runs without a database: its credentials are read-only", answer.status);
  return call.fail(Status::unavailable,
                   "a 405 that Kong's Admin API does not send; does gateway.admin_url name the Admin API?",
                   answer.status);
}

} // namespace

Status classify(const sdk::Call& call, const sdk::HttpResponse& answer) {
  switch (answer.status) {
  case 400:
    return bad_request(call, answer);
  case 401:
  case 403:
    return call.fail(Status::denied, "Kong refuses authd; check gateway.admin_token and admin_token_header",
                     answer.status);
  case 404:
    return not_found(call, answer);
  case 405:
    return method_not_allowed(call, answer);
  default:
    return classify_common(call, answer, "Kong's Admin API");
  }
}

} // namespace authd::kong
