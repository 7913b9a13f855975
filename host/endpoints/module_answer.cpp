// SPDX-License-Identifier: Apache-2.0
#include "endpoints/module_answer.h"

#include <algorithm>

#include "base/abi_views.h"
#include "base/field_syntax.h"
#include "base/json_writer.h"
#include "http/problem.h"

namespace authd::endpoints {
namespace {

// How a status of the ABI is told to a client. RFC 6749, section 5.2, has no code for some of them: those of section
// 4.1.2.1 stand in.
struct Row {
  CallStatus status;
  int http;
  std::string_view oauth;
  std::string_view detail;
};
constexpr Row kRows[] = {
    {CallStatus::invalid, 400, "invalid_request", "The request is not valid"},
    {CallStatus::denied, 403, "access_denied", "The request is not allowed"},
    {CallStatus::not_found, 404, "invalid_request", "There is no such thing"},
    {CallStatus::conflict, 409, "invalid_request", "The request conflicts with what there is"},
    {CallStatus::rate_limited, 429, "temporarily_unavailable", "Too many requests"},
    {CallStatus::unavailable, 503, "temporarily_unavailable", "The service is not available now"},
    {CallStatus::timeout, 503, "temporarily_unavailable", "The service did not answer in time"},
    {CallStatus::cancelled, 503, "temporarily_unavailable", "The service is not available now"},
};
constexpr Row kUnforeseen{CallStatus::internal, 500, "server_error", "Unexpected error"};

const Row& row_of(CallStatus status) {
  const auto at =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) { return row.status == status; });
  return at != std::end(kRows) ? *at : kUnforeseen;
}

std::string oauth_body(const Row& row, std::string_view request_id) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .member("error", row.oauth)
      .member("error_description", row.detail)
      .member("request_id", request_id)
      .end_object();
  return body;
}

std::string scim_body(const Row& row) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("schemas").begin_array().value("urn:ietf:params:scim:api:messages:2.0:Error").end_array();
  json.member("status", std::to_string(row.http)).member("detail", row.detail).end_object();
  return body;
}

std::string html_body(const Row& row) {
  const std::string detail(row.detail);
  return "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>" + detail + "</title><h1>" + detail +
         "</h1></html>\n";
}

void respond_row(http::Exchange& exchange, Dialect dialect, const Row& row, seconds retry_after) {
  std::vector<http::HeaderField> fields{{"Cache-Control", "no-store"}};
  const std::string delay = std::to_string(std::max<std::int64_t>(retry_after.count(), 1));
  if (row.http == 429 || row.http == 503) fields.push_back({"Retry-After", delay});
  const std::string_view id = exchange.request().request_id;
  switch (dialect) {
  case Dialect::problem:
    break;
  case Dialect::oauth:
    return exchange.respond(row.http, "application/json", oauth_body(row, id),
                            std::span<const http::HeaderField>(fields));
  case Dialect::scim:
    return exchange.respond(row.http, "application/scim+json", scim_body(row),
                            std::span<const http::HeaderField>(fields));
  case Dialect::html:
    fields.push_back({"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"});
    return exchange.respond(row.http, "text/html; charset=utf-8", html_body(row),
                            std::span<const http::HeaderField>(fields));
  }
  if (row.http == 500) return http::respond_problem(exchange, {Code::unforeseen, std::string(row.detail), {}});
  if (row.http == 503)
    return http::respond_problem(exchange,
                                 {Code::overloaded, std::string(row.detail), std::max(retry_after, seconds(1))});
  http::respond_http_problem(exchange, row.http, row.detail);
}

} // namespace

void SentAnswer::take(const plugin::ModuleAnswer& answer) {
  thread_local std::vector<http::HeaderField> fields; // keeps its capacity
  fields.clear();
  bool says_caching = false;
  for (const authd_field& field : answer.fields) {
    fields.push_back({view(field.name), view(field.value)});
    says_caching = says_caching || equals_ignoring_case(view(field.name), "Cache-Control");
  }
  // What a module answers is somebody's; what may be kept says so.
  if (!says_caching) fields.push_back({"Cache-Control", "no-store"});
  exchange_.respond(answer.status, answer.content_type, answer.body, std::span<const http::HeaderField>(fields));
}

void KeptAnswer::take(const plugin::ModuleAnswer& answer) {
  status_ = answer.status;
  content_type_ = answer.content_type;
  body_ = answer.body;
  for (const authd_field& field : answer.fields)
    fields_.emplace_back(std::string(view(field.name)), std::string(view(field.value)));
}

void KeptAnswer::send(http::Exchange& exchange) const {
  std::vector<authd_field> fields;
  for (const auto& [name, value] : fields_) fields.push_back({to_abi(name), to_abi(value)});
  SentAnswer(exchange).take({status_, content_type_, body_, fields});
}

void respond_failure(http::Exchange& exchange, Dialect dialect, const CallFailure& failure) {
  const Row& row = row_of(failure.status);
  exchange.outcome().reason = failure.message;
  exchange.outcome().detail = row.detail;
  respond_row(exchange, dialect, row, std::chrono::ceil<seconds>(failure.retry_after));
}

void respond_fault(http::Exchange& exchange, Dialect dialect, const std::string& reason) {
  exchange.outcome().reason = reason;
  exchange.outcome().faulted = true;
  exchange.outcome().detail = kUnforeseen.detail;
  respond_row(exchange, dialect, kUnforeseen, seconds(0));
}

} // namespace authd::endpoints
