// SPDX-License-Identifier: Apache-2.0
#include "http/log_recorder.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "pipeline/consumer.h"
#include "pipeline/hmac.h"

namespace authd::http {
namespace {

// Enough to follow one user through the log, too little to tell who it is.
std::string pseudonym(std::string_view user) {
  const auto digest = pipeline::sha256("authd user:", user);
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) text += fmt::format("{:02x}", static_cast<unsigned char>(digest[i]));
  return text;
}

// A name that is accepted is no longer than this; one that is refused may be as long as a header.
std::string_view shown(std::string_view user) {
  if (user.size() <= pipeline::kMaxIdentityBytes) return user;
  std::size_t end = pipeline::kMaxIdentityBytes;
  while (end > 0 && (static_cast<unsigned char>(user[end]) & 0xC0) == 0x80) --end; // between two characters
  return user.substr(0, end);
}

Level level_of(plugin::Status status) {
  switch (status) {
  case plugin::Status::ok:
  case plugin::Status::not_found:
  case plugin::Status::conflict:
  case plugin::Status::invalid: return Level::debug;
  case plugin::Status::denied: return Level::error;
  default: return Level::warn;
  }
}

// nullopt: no answer with a status is behind it.
std::optional<std::int64_t> status_code(const plugin::Failure* failure) {
  if (failure == nullptr || failure->upstream_status == 0) return std::nullopt;
  return failure->upstream_status;
}

} // namespace

LogRecorder::LogRecorder(const config::Telemetry& telemetry, Log& log)
    : access_log_(telemetry.access_log), hash_user_names_(telemetry.hash_user_names), log_(log) {}

void LogRecorder::on_response(const Request& request, int status, std::size_t body_bytes,
                              std::chrono::nanoseconds duration, const Code* code) {
  if (access_log_ == config::AccessLog::off) return;
  if (access_log_ == config::AccessLog::errors && status < 400) return;
  const std::string_view user = request.header(pipeline::kConsumerUsernameHeader).value_or("");
  const std::string name = hash_user_names_ && !user.empty() ? pseudonym(user) : std::string(shown(user));
  log_.write(status >= 500 ? Level::error : Level::info, "request", "request answered",
             {{"http.request.method", request.method_name},
              {"url.path", request.path},
              {"http.response.status_code", status},
              {"http.response.body.bytes", static_cast<std::int64_t>(body_bytes)},
              {"event.duration", static_cast<std::int64_t>(duration.count())},
              {"user.name", name},
              {"http.request.id", request.request_id},
              {"error.code", code ? describe(*code).code : std::string_view()}});
}

void LogRecorder::gateway_called(const pipeline::GatewayReport& report) {
  const Level level = level_of(report.status);
  if (!log_.enabled(level)) return;
  log_.write(level, "gateway-call", report.failure ? "the gateway did not do what was asked" : "gateway call",
             {{"authd.gateway.operation", report.operation},
              {"authd.gateway.result", plugin::name_of(report.status)},
              {"http.response.status_code", status_code(report.failure)},
              {"event.duration", static_cast<std::int64_t>(report.duration.count())},
              {"error.message", report.failure ? report.failure->message : std::string()}});
}

void LogRecorder::breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) {
  const bool opened = transition.to == pipeline::CircuitBreaker::State::open;
  log_.write(opened ? Level::warn : Level::info, "breaker-moved", "a circuit breaker moved",
             {{"authd.breaker.name", breaker},
              {"authd.breaker.from", name_of(transition.from)},
              {"authd.breaker.to", name_of(transition.to)}});
}

void LogRecorder::tier_failed(const pipeline::TierReport& report) {
  log_.write(Level::warn, "cache-tier-failed", "a cache tier failed and was skipped",
             {{"authd.cache.tier", report.tier},
              {"authd.cache.operation", report.operation},
              {"authd.cache.result", plugin::name_of(report.status)},
              {"error.message", report.message}});
}

} // namespace authd::http
