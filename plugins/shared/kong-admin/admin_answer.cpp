// SPDX-License-Identifier: Apache-2.0
#include "kong-admin/admin_answer.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

#include "kong-admin/credentials.h"

namespace authd::kong_admin {
namespace {

using sdk::Status;
using std::chrono::seconds;

// strptime knows the names of days and months in the locale of the process, which a daemon leaves at "C".
std::int64_t seconds_until(const std::string& date, std::time_t now) {
  for (const char* form : {"%a, %d %b %Y %T GMT", "%A, %d-%b-%y %T GMT", "%a %b %e %T %Y"}) {
    std::tm time{};
    const char* end = strptime(date.c_str(), form, &time);
    if (end == date.c_str() + date.size()) return timegm(&time) - now;
  }
  return 0;
}

// Goes into a log line: printable ASCII, not too much of it.
std::string own_words(std::string_view body) {
  constexpr std::size_t kLongest = 200;
  std::string words = parse_error(body).value_or(KongError()).message.substr(0, kLongest);
  for (char& c : words)
    if (c < ' ' || c > '~') c = '?';
  return words;
}

Status refusal_of(int http_status, Status classified) {
  if (http_status == 413) return Status::invalid;
  if (http_status == 404 || http_status == 405) return Status::unsupported;
  return classified;
}

bool is_refused(int http_status, Status classified) {
  if (http_status == 404) return classified != Status::not_found;
  if (http_status == 400) return classified == Status::invalid;
  return http_status == 401 || http_status == 403 || http_status == 405 || http_status == 413;
}

} // namespace

sdk::milliseconds retry_after(std::string_view header, std::time_t now) {
  constexpr std::int64_t kDay = 24 * 60 * 60;
  std::int64_t wait = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), wait);
  if (error != std::errc() || end != header.data() + header.size()) wait = seconds_until(std::string(header), now);
  return seconds(std::clamp<std::int64_t>(wait, 0, kDay));
}

Status classify_common(const sdk::Call& call, const sdk::HttpResponse& answer, std::string_view api,
                       std::string_view trace) {
  const auto fail = [&](Status status, const std::string& what, sdk::milliseconds wait = {}) {
    return call.fail(status, what + std::string(trace), answer.status, wait);
  };
  const std::string name(api);
  const std::string status = std::to_string(answer.status);
  const auto wait = retry_after(answer.header("Retry-After"), std::time(nullptr));
  if (answer.status == 409) return fail(Status::conflict, "a credential with this key already exists");
  if (answer.status == 414) return fail(Status::invalid, "this consumer's name is too long for " + name);
  if (answer.status == 429) return fail(Status::rate_limited, name + " limits the rate of requests", wait);
  if (answer.status < 300) return fail(Status::corrupt, name + " answered " + status + ", which is not expected here");
  if (answer.status < 400)
    return fail(Status::unavailable,
                name + " redirects (" + status + "); set gateway.admin_url to the URL that it redirects to");
  return fail(Status::unavailable, name + " answered " + status, wait);
}

std::optional<Status> refused_create(const sdk::Call& call, const sdk::HttpResponse& answer, Status classified,
                                     std::string_view api) {
  if (!is_refused(answer.status, classified)) return std::nullopt;
  const std::string words = own_words(answer.body);
  return call.fail(refusal_of(answer.status, classified),
                   std::string(api) + " refuses to create a credential (" + std::to_string(answer.status) + ")" +
                       (words.empty() ? "" : ": " + words),
                   answer.status);
}

} // namespace authd::kong_admin
