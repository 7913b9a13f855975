// SPDX-License-Identifier: Apache-2.0
#include "telemetry/background_log.h"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "telemetry/shown.h"

namespace authd::telemetry {
namespace {

using pipeline::CircuitBreaker;

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

} // namespace

void BackgroundLog::gateway_called(const pipeline::GatewayReport& report) {
  const Level level = level_of(report.status);
  if (!log_.enabled(level)) return;
  const std::string_view result = name_of(report.status);
  const std::string_view words = report.failure ? std::string_view(report.failure->message) : std::string_view();
  const Log::Fields fields{{"authd.gateway.operation", report.operation},
                           {"authd.gateway.result", result},
                           {"http.response.status_code", status_code(report.failure)},
                           {"event.duration", static_cast<std::int64_t>(report.duration.count())},
                           {"error.message", cut(words, kMessageBytes)}};
  if (level == Level::debug) return log_.write(level, "gateway-call", "gateway call", fields);
  log_.write_repeated(level, "gateway-call", "the gateway did not do what was asked", "",
                      fmt::format("{} {}", report.operation, result), fields);
}

void BackgroundLog::breaker_moved(std::string_view breaker, CircuitBreaker::Transition transition) {
  const bool opened = transition.to == CircuitBreaker::State::open;
  log_.write_repeated(opened ? Level::warn : Level::info, "breaker-moved", "a circuit breaker moved", "",
                      fmt::format("{} {}", breaker, name_of(transition.to)),
                      {{"authd.breaker.name", breaker},
                       {"authd.breaker.from", name_of(transition.from)},
                       {"authd.breaker.to", name_of(transition.to)}});
}

void BackgroundLog::tier_failed(const pipeline::TierReport& report) {
  const std::string_view result = name_of(report.status);
  log_.write_repeated(Level::warn, "cache-tier-failed", "a cache tier failed and was skipped", "",
                      fmt::format("{} {} {}", report.tier, report.operation, result),
                      {{"authd.cache.tier", report.tier},
                       {"authd.cache.operation", report.operation},
                       {"authd.cache.result", result},
                       {"error.message", cut(report.message, kMessageBytes)}});
}

} // namespace authd::telemetry
