// SPDX-License-Identifier: Apache-2.0
#include "http/problem.h"

#include <charconv>
#include <vector>

#include "base/clock.h"
#include "base/json_writer.h"
#include "http/response_writer.h"

namespace authd::http {
namespace {

constexpr std::string_view kContentType = "application/problem+json";

struct Problem {
  std::string_view type;
  std::string_view title;
  int status;
  std::string_view detail;
  std::string_view code;
  std::span<const std::string_view> allowed;
};

void append_extensions(JsonWriter& json, std::span<const std::string_view> allowed) {
  json.key("extensions").begin_object();
  if (!allowed.empty()) {
    json.key("allowedMethods").begin_array();
    for (const std::string_view method : allowed) json.value(method);
    json.end_array();
  }
  json.end_object();
}

// The order of the members is the one that token-service.md shows.
std::string to_json(const Problem& problem, const Request& request) {
  std::string text;
  text.reserve(512);
  JsonWriter json(text);
  json.begin_object()
      .member("type", problem.type)
      .member("title", problem.title)
      .member("status", problem.status)
      .member("detail", problem.detail)
      .member("instance", request.path)
      .member("code", problem.code)
      .member("requestId", request.request_id)
      .member("timestamp", std::string_view(iso8601(wall_now())));
  append_extensions(json, problem.allowed);
  json.end_object();
  return text;
}

struct Decimal {
  explicit Decimal(std::int64_t number)
      : size(static_cast<std::size_t>(std::to_chars(digits, digits + sizeof(digits), number).ptr - digits)) {}
  std::string_view text() const { return {digits, size}; }
  char digits[20];
  std::size_t size;
};

} // namespace

std::string join_methods(std::span<const std::string_view> methods) {
  std::string text;
  for (const std::string_view method : methods) {
    if (!text.empty()) text += ", ";
    text += method;
  }
  return text;
}

void respond_problem(Exchange& exchange, const Error& error, std::span<const HeaderField> more) {
  const CodeInfo& info = describe(error.code);
  const std::string body =
      to_json({info.type, info.title, info.status, error.detail, info.code, {}}, exchange.request());
  RequestOutcome& outcome = exchange.outcome();
  outcome.code = error.code;
  outcome.detail = error.detail;
  if (!error.reason.empty()) outcome.reason = error.reason;
  if (error.retry_after.count() <= 0) return exchange.respond(info.status, kContentType, body, more);
  const Decimal seconds_left(error.retry_after.count());
  std::vector<HeaderField> fields{{"Retry-After", seconds_left.text()}};
  fields.insert(fields.end(), more.begin(), more.end());
  exchange.respond(info.status, kContentType, body, std::span<const HeaderField>(fields));
}

void respond_http_problem(Exchange& exchange, int status, std::string_view detail,
                          std::span<const std::string_view> allowed) {
  exchange.outcome().detail = detail;
  const Decimal digits(status);
  const std::string type = "urn:authd:problem:http-" + std::string(digits.text());
  const std::string code = "HTTP_" + std::string(digits.text());
  const std::string body = to_json({type, reason_phrase(status), status, detail, code, allowed}, exchange.request());
  const std::string allow = join_methods(allowed);
  if (!allow.empty()) return exchange.respond(status, kContentType, body, {{"Allow", allow}});
  if (status == 503) return exchange.respond(status, kContentType, body, {{"Retry-After", "1"}});
  exchange.respond(status, kContentType, body);
}

} // namespace authd::http
