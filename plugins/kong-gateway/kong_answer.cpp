// SPDX-License-Identifier: Apache-2.0
#include "kong_answer.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "credential_json.h"

namespace authd::kong {
namespace {

using sdk::Status;

constexpr int kOperationUnsupported = 12; // kong/db/errors.lua

// Retry-After in seconds (RFC 9110, section 10.2.3), which is the form that Kong sends; zero otherwise.
sdk::milliseconds retry_after(const sdk::HttpResponse& answer) {
  const std::string_view text = answer.header("Retry-After");
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return {};
  constexpr std::int64_t kDay = 24 * 60 * 60;
  return std::chrono::seconds(std::min(seconds, kDay));
}

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
      return call.fail(
          Status::unavailable,
          "Kong refuses authd's connection; check gateway.admin_url (http or https?), the client "
          "certificate and the length of gateway.admin_token",
          answer.status);
  return call.fail(Status::invalid, "Kong refuses this consumer's name or credential", answer.status);
}

Status method_not_allowed(const sdk::Call& call, const sdk::HttpResponse& answer) {
  const auto error = parse_error(answer.body);
  if (error && error->code == kOperationUnsupported)
    return call.fail(Status::unsupported, "Kong runs without a database: its credentials are read-only",
                     answer.status);
  return call.fail(Status::unavailable,
                   "a 405 that Kong's Admin API does not send; does gateway.admin_url name the Admin API?",
                   answer.status);
}

Status other(const sdk::Call& call, const sdk::HttpResponse& answer) {
  const std::string status = std::to_string(answer.status);
  if (answer.status < 300)
    return call.fail(Status::corrupt, "Kong answered " + status + ", which makes no sense here",
                     answer.status);
  if (answer.status < 400)
    return call.fail(Status::unavailable,
                     "the Admin API redirects (" + status +
                         "); gateway.admin_url must name where it really is",
                     answer.status);
  return call.fail(Status::unavailable, "Kong's Admin API failed with " + status, answer.status,
                   retry_after(answer));
}

} // namespace

Status classify(const sdk::Call& call, const sdk::HttpResponse& answer) {
  switch (answer.status) {
  case 400:
    return bad_request(call, answer);
  case 414:
    return call.fail(Status::invalid, "this consumer's name is too long for Kong", 414);
  case 401:
  case 403:
    return call.fail(Status::denied, "Kong refuses authd; check gateway.admin_token and admin_token_header",
                     answer.status);
  case 404:
    return not_found(call, answer);
  case 405:
    return method_not_allowed(call, answer);
  case 409:
    return call.fail(Status::conflict, "a credential with this key exists already", 409);
  case 429:
    return call.fail(Status::rate_limited, "Kong's Admin API limits the rate of requests", 429,
                     retry_after(answer));
  default:
    return other(call, answer);
  }
}

} // namespace authd::kong
