// SPDX-License-Identifier: Apache-2.0
#include "telemetry/logs.h"

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace authd::telemetry {
namespace {

using pipeline::CircuitBreaker;

// "AUTH_005", or "HTTP_414" as the problem that the client was sent has it.
class ErrorCode {
 public:
  explicit ErrorCode(const RequestOutcome& outcome) {
    if (outcome.code) {
      text_ = describe(*outcome.code).code;
    } else if (outcome.status >= 400) {
      const auto end = std::to_chars(http_.data() + kHttp.size(), http_.data() + http_.size(), outcome.status).ptr;
      text_ = {http_.data(), static_cast<std::size_t>(end - http_.data())};
    }
  }
  ErrorCode(const ErrorCode&) = delete;
  ErrorCode& operator=(const ErrorCode&) = delete;
  std::string_view view() const { return text_; }

 private:
  static constexpr std::string_view kHttp = "HTTP_";
  std::array<char, 16> http_{'H', 'T', 'T', 'P', '_'};
  std::string_view text_;
};

std::optional<bool> true_or_absent(bool flag) { return flag ? std::optional(true) : std::nullopt; }

Level level_of(CallStatus status) {
  switch (status) {
  case CallStatus::ok:
  case CallStatus::not_found:
  case CallStatus::conflict:
  case CallStatus::invalid:
    return Level::debug;
  case CallStatus::denied:
    return Level::error;
  default:
    return Level::warn;
  }
}

// nullopt: no answer with a status is behind it.
std::optional<std::int64_t> status_code(const CallFailure* failure) {
  if (failure == nullptr || failure->upstream_status == 0) return std::nullopt;
  return failure->upstream_status;
}

// The ids of a trace as fields; absent without a trace.
class TraceFields {
 public:
  explicit TraceFields(const TraceContext& context)
      : is_set_(context), trace_(hex_of(context.trace)), span_(hex_of(context.span)) {}
  Field trace() const { return {"trace.id", is_set_ ? view(trace_) : std::string_view()}; }
  Field span() const { return {"span.id", is_set_ ? view(span_) : std::string_view()}; }

 private:
  bool is_set_;
  TraceIdText trace_;
  SpanIdText span_;
};

} // namespace

AccessLog::AccessLog(const config::Telemetry& telemetry, Log& log)
    : which_(telemetry.access_log), shown_(telemetry), log_(log) {}

bool AccessLog::selects(const RequestOutcome& outcome) const {
  if (outcome.faulted || which_ == config::AccessLog::all) return true;
  return which_ == config::AccessLog::errors && outcome.status >= 400;
}

void AccessLog::on_outcome(const RequestOutcome& o) {
  if (!selects(o)) return;
  const ErrorCode code(o);
  const bool failed = o.status >= 400;
  const auto id = shown_.user_id(o.consumer_id);
  const auto name = shown_.user_name(o.consumer_name);
  const auto peer = shown_.address(o.peer);
  const auto client = shown_.address(o.client);
  const TraceFields ids(o.trace);
  const Log::Fields fields{{"http.request.method", o.method},
                           {"url.path", o.path},
                           {"http.response.status_code", o.status},
                           {"http.response.body.bytes", static_cast<std::int64_t>(o.body_bytes)},
                           {"event.duration", static_cast<std::int64_t>(o.duration.count())},
                           {"user.id", id.view()},
                           {"user.name", name.view()},
                           {"source.address", peer.view()},
                           {"client.address", client.view()},
                           {"tls.client.subject", o.client_subject},
                           {"http.request.id", o.request_id},
                           ids.trace(),
                           ids.span(),
                           {"error.code", code.view()},
                           {"error.message", failed ? cut(o.message(), kMessageBytes) : std::string_view()},
                           {"authd.token.stale", true_or_absent(!o.stale.empty())},
                           {"authd.token.stale_reason", cut(o.stale, kMessageBytes)},
                           {"authd.steps", o.lookup.steps}};
  const Level level = o.status >= 500 ? Level::error : Level::info;
  const std::string_view event = o.refused ? "request-refused" : "request";
  const std::string_view message = o.refused ? "request refused before routing" : "request answered";
  if (!failed) return log_.write(level, event, message, fields);
  log_.write_repeated(level, event, message, code.view(), o.refused ? o.detail : std::string_view(), fields);
}

void AccessLog::on_fault(const RequestOutcome& outcome, std::string_view what) {
  const TraceFields ids(outcome.trace);
  log_.write_repeated(Level::error, "request-failed", "an endpoint failed after it had sent its response", "", "",
                      {{"error.message", cut(what, kMessageBytes)},
                       {"url.path", outcome.path},
                       {"http.request.id", outcome.request_id},
                       ids.trace(),
                       ids.span()});
}

AuditLog::AuditLog(const config::Telemetry& telemetry, Log& log) : on_(telemetry.audit), shown_(telemetry), log_(log) {}

void AuditLog::on_outcome(const RequestOutcome& o) {
  if (!on_ || o.token.jti.empty()) return;
  const auto id = shown_.user_id(o.consumer_id);
  const auto name = shown_.user_name(o.consumer_name);
  const auto peer = shown_.address(o.peer);
  const auto client = shown_.address(o.client);
  const TraceFields ids(o.trace);
  log_.write_always("token-issued", "token issued",
                    {{"http.request.id", o.request_id},
                     ids.trace(),
                     ids.span(),
                     {"user.id", id.view()},
                     {"user.name", name.view()},
                     {"source.address", peer.view()},
                     {"client.address", client.view()},
                     {"tls.client.subject", o.client_subject},
                     {"authd.credential.key", o.token.key},
                     {"authd.token.jti", o.token.jti},
                     {"authd.token.stale", o.stale.empty() ? std::nullopt : std::optional(true)}});
}

void BackgroundLog::gateway_called(const pipeline::GatewayReport& report) {
  const Level level = level_of(report.status);
  if (!log_.enabled(level)) return;
  const std::string_view result = name_of(report.status);
  const std::string_view words = report.failure ? std::string_view(report.failure->message) : std::string_view();
  const TraceFields ids(report.trace);
  const Log::Fields fields{{"authd.gateway.operation", report.operation},
                           {"authd.gateway.result", result},
                           {"http.response.status_code", status_code(report.failure)},
                           {"event.duration", static_cast<std::int64_t>(report.duration.count())},
                           {"error.message", cut(words, kMessageBytes)},
                           ids.trace(),
                           ids.span()};
  if (level == Level::debug) return log_.write(level, "gateway-call", "gateway call", fields);
  log_.write_repeated(level, "gateway-call", "gateway call failed", "", fmt::format("{} {}", report.operation, result),
                      fields);
}

void BackgroundLog::breaker_moved(std::string_view breaker, CircuitBreaker::Transition transition) {
  const bool opened = transition.to == CircuitBreaker::State::open;
  log_.write_repeated(opened ? Level::warn : Level::info, "breaker-moved", "circuit breaker changed state", "",
                      fmt::format("{} {}", breaker, name_of(transition.to)),
                      {{"authd.breaker.name", breaker},
                       {"authd.breaker.from", name_of(transition.from)},
                       {"authd.breaker.to", name_of(transition.to)}});
}

void BackgroundLog::tier_failed(const pipeline::TierReport& report) {
  const std::string_view result = name_of(report.status);
  log_.write_repeated(Level::warn, "cache-tier-failed", "cache tier failed and was skipped", "",
                      fmt::format("{} {} {}", report.tier, report.operation, result),
                      {{"authd.cache.tier", report.tier},
                       {"authd.cache.operation", report.operation},
                       {"authd.cache.result", result},
                       {"error.message", cut(report.message, kMessageBytes)}});
}

} // namespace authd::telemetry
