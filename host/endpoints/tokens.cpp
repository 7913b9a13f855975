// SPDX-License-Identifier: Apache-2.0
#include "endpoints/tokens.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "endpoints/operations/tokens.h"
#include "http/field_syntax.h"
#include "http/problem.h"

namespace authd::endpoints {
namespace {

using pipeline::Consumer;
using pipeline::FlightPtr;
using pipeline::HeaderValue;
using pipeline::LookupResult;
using pipeline::SecretLookup;

HeaderValue header_value(const http::Request& request, std::string_view name) {
  const auto value = request.header(name);
  return value ? HeaderValue{request.header_count(name), *value} : HeaderValue{};
}

// In a buffer of the calling thread until its next call.
std::span<const HeaderValue> header_values(const http::Request& request, std::span<const std::string> names) {
  if (names.empty()) return {};
  thread_local std::vector<HeaderValue> values; // keeps its capacity: a warm token allocates nothing
  values.clear();
  for (const std::string& name : names) values.push_back(header_value(request, name));
  return values;
}

// A token must never stand in any cache between here and the client.
void respond_never_stored(http::Exchange& exchange, std::string_view body,
                          std::span<const http::HeaderField> more = {}) {
  thread_local std::vector<http::HeaderField> fields; // keeps its capacity
  fields.assign({{"Cache-Control", "no-store, no-cache, must-revalidate"}, {"Pragma", "no-cache"}});
  fields.insert(fields.end(), more.begin(), more.end());
  exchange.respond(200, "application/json", body, std::span<const http::HeaderField>(fields));
}

// RFC 6750, section 2.1; the scheme's name is case-insensitive (RFC 9110, section 11.1).
std::string_view bearer_token(const http::Request& request) {
  constexpr std::string_view kScheme = "bearer ";
  const auto value = request.header("Authorization");
  if (!value || !http::equals_ignoring_case(value->substr(0, kScheme.size()), kScheme)) return {};
  const auto begin = value->find_first_not_of(' ', kScheme.size());
  if (begin == std::string_view::npos) return {};
  return value->substr(begin, value->find_last_not_of(" \t") - begin + 1);
}

std::string validation_body(const pipeline::ValidatedToken& token) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("valid", true).member("tokenId", token.token_id).member("subject", token.subject);
  json.member("issuer", token.issuer);
  pipeline::write_audience(json.key("audience"), token.audience);
  json.key("issuedAt");
  token.issued_at ? json.value(iso8601_of_seconds(*token.issued_at)) : json.null();
  json.member("expiresAt", iso8601_of_seconds(token.expires_at));
  json.member("expiresIn", token.expires_at - unix_seconds(wall_now())).end_object();
  return body;
}

} // namespace

void TokenEndpoints::add_to(http::Router& router) {
  router.add({operations::kIssueToken, [this](http::Exchange& e) { with_credentials(e, &TokenEndpoints::issue); }});
  router.add(
      {operations::kValidateToken, [this](http::Exchange& e) { with_credentials(e, &TokenEndpoints::validate); }});
}

pipeline::IdentityHeaders TokenEndpoints::identity_of(const http::Request& request, Finish finish) const {
  pipeline::IdentityHeaders identity{header_value(request, pipeline::kConsumerIdHeader),
                                     header_value(request, pipeline::kConsumerUsernameHeader),
                                     header_value(request, pipeline::kAnonymousHeader), request.peer_trusted};
  if (finish == &TokenEndpoints::issue) identity.claims = header_values(request, pipeline_.claim_headers());
  return identity;
}

void TokenEndpoints::with_credentials(http::Exchange& exchange, Finish finish) {
  const pipeline::IdentityHeaders identity = identity_of(exchange.request(), finish);
  exchange.outcome().consumer_id = identity.id.value;
  exchange.outcome().consumer_name = identity.username.value;
  const auto consumer = pipeline_.identify(identity);
  if (!consumer) return http::respond_problem(exchange, consumer.error());
  if (finish == &TokenEndpoints::issue && limiter_.is_on()) return count(exchange, *consumer);
  look_up(exchange, *consumer, finish);
}

void TokenEndpoints::count(http::Exchange& exchange, const Consumer& consumer) {
  const SteadyTime now = exchange.request().received;
  if (limiter_.is_shared(now)) return have_it_counted(exchange, consumer, now);
  counted(exchange, consumer, limiter_.take_locally(consumer.id, now));
}

void TokenEndpoints::have_it_counted(http::Exchange& exchange, const Consumer& consumer, SteadyTime now) {
  const auto decided = std::make_shared<bool>(false); // on this reactor alone
  const http::Ticket ticket = exchange.defer(limiter_.deadline(now), [this, decided](http::Exchange& e) {
    *decided = true;
    counted_later(e, std::nullopt);
  });
  const auto done = [this, ticket, decided](const RateVerdict& verdict) {
    ticket.resume([this, decided, verdict](http::Exchange& e) {
      if (!std::exchange(*decided, true)) counted_later(e, verdict);
    });
  };
  if (limiter_.take_shared(consumer.id, now, done)) return;
  *decided = true;
  counted(exchange, consumer, limiter_.take_locally(consumer.id, now));
}

// nullopt: nobody has counted it yet.
void TokenEndpoints::counted_later(http::Exchange& exchange, const std::optional<RateVerdict>& verdict) {
  const auto consumer = pipeline_.identify(identity_of(exchange.request(), &TokenEndpoints::issue));
  if (!consumer) return http::respond_problem(exchange, consumer.error());
  counted(exchange, *consumer, verdict ? *verdict : limiter_.take_locally(consumer->id, steady_now()));
}

void TokenEndpoints::counted(http::Exchange& exchange, const Consumer& consumer, const RateVerdict& verdict) {
  exchange.outcome().rate = verdict;
  if (!verdict.allowed) return http::respond_problem(exchange, rate_limit_.refusal(verdict), rate_limit_.of(verdict));
  look_up(exchange, consumer, &TokenEndpoints::issue);
}

void TokenEndpoints::look_up(http::Exchange& exchange, const Consumer& consumer, Finish finish) {
  thread_local std::string record; // keeps its capacity: a warm token allocates nothing
  if (pipeline_.lookup().cached(consumer.id, record, &exchange.outcome().local_reads))
    return (this->*finish)(exchange, consumer, record);
  wait_for_lookup(exchange, consumer, finish);
}

void TokenEndpoints::wait_for_lookup(http::Exchange& exchange, const Consumer& consumer, Finish finish) {
  SecretLookup& lookup = pipeline_.lookup();
  const auto flight = std::make_shared<FlightPtr>();
  const http::Ticket ticket = exchange.defer(
      lookup.first_deadline(), [this, flight, finish](http::Exchange& e) { on_deadline(e, *flight, finish); });
  const auto done = [this, ticket, flight, finish](const LookupResult& result) {
    ticket.resume([this, result, flight, finish](http::Exchange& e) { after_lookup(e, **flight, result, finish); });
  };
  auto begun = lookup.begin(consumer.id, done, exchange.outcome().trace);
  if (begun.result) return on_result(exchange, *begun.result, finish);
  *flight = std::move(begun.flight);
}

void TokenEndpoints::on_deadline(http::Exchange& exchange, const FlightPtr& flight, Finish finish) {
  const auto verdict = pipeline_.lookup().on_deadline(flight);
  if (const auto* later = std::get_if<SteadyTime>(&verdict)) {
    exchange.extend(*later, [this, flight, finish](http::Exchange& e) { on_deadline(e, flight, finish); });
    return;
  }
  after_lookup(exchange, *flight, std::get<LookupResult>(verdict), finish);
}

void TokenEndpoints::after_lookup(http::Exchange& exchange, const pipeline::Flight& flight, const LookupResult& result,
                                  Finish finish) {
  const pipeline::StepLog::Report report = flight.steps.report(); // views of it are valid until the response
  exchange.outcome().lookup = {report.steps, report.attempts, report.owner.context()};
  on_result(exchange, result, finish);
}

void TokenEndpoints::on_result(http::Exchange& exchange, const LookupResult& result, Finish finish) {
  if (!result) return http::respond_problem(exchange, result.error());
  exchange.outcome().stale = (*result)->why_stale;
  // Validated before, but the views of then are not kept across threads.
  const auto consumer = pipeline_.identify(identity_of(exchange.request(), finish));
  if (!consumer) return http::respond_problem(exchange, consumer.error());
  (this->*finish)(exchange, *consumer, (*result)->record);
}

void TokenEndpoints::issue(http::Exchange& exchange, const Consumer& consumer, std::string_view record) {
  const SteadyTime start = steady_now();
  const auto token = pipeline_.issue(consumer, record);
  const auto signing = steady_now() - start;
  if (!token) return http::respond_problem(exchange, token.error());
  thread_local std::string body;
  body.assign(R"({"access_token":")").append(token->text).append(R"(","expires_in":)");
  JsonWriter(body).value(token->expires_in);
  body += '}';
  exchange.outcome().token = {token->jti, token->key, token->algorithm, signing, start};
  respond_never_stored(exchange, body, rate_limit_.of(exchange.outcome().rate));
}

void TokenEndpoints::validate(http::Exchange& exchange, const Consumer&, std::string_view record) {
  if (exchange.request().header_count("Authorization") > 1) { // which of them is meant, two parties may not agree on
    return http::respond_problem(exchange, {Code::malformed_request, "More than one Authorization header", {}});
  }
  const std::string_view text = bearer_token(exchange.request());
  if (text.empty()) {
    return http::respond_problem(exchange, {Code::no_bearer_token, "No bearer token in the Authorization header", {}});
  }
  const auto token = pipeline_.check(text, record);
  if (!token) return http::respond_problem(exchange, token.error());
  respond_never_stored(exchange, validation_body(*token));
}

} // namespace authd::endpoints
