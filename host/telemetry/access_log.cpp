// SPDX-License-Identifier: Apache-2.0
#include "telemetry/access_log.h"

#include <array>
#include <charconv>
#include <string_view>

namespace authd::telemetry {
namespace {

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

} // namespace

AccessLog::AccessLog(const config::Telemetry& telemetry, Log& log)
    : which_(telemetry.access_log), shown_(telemetry), log_(log) {}

bool AccessLog::wants(const RequestOutcome& outcome) const {
  if (outcome.faulted || which_ == config::AccessLog::all) return true;
  return which_ == config::AccessLog::errors && outcome.status >= 400;
}

void AccessLog::on_outcome(const RequestOutcome& o) {
  if (!wants(o)) return;
  const ErrorCode code(o);
  const bool failed = o.status >= 400;
  const auto id = shown_.user_id(o.consumer_id);
  const auto name = shown_.user_name(o.consumer_name);
  const auto peer = shown_.address(o.peer);
  const auto client = shown_.address(o.client);
  const Log::Fields fields{{"http.request.method", o.method},
                           {"url.path", o.path},
                           {"http.response.status_code", o.status},
                           {"http.response.body.bytes", static_cast<std::int64_t>(o.body_bytes)},
                           {"event.duration", static_cast<std::int64_t>(o.duration.count())},
                           {"user.id", id.view()},
                           {"user.name", name.view()},
                           {"source.address", peer.view()},
                           {"client.address", client.view()},
                           {"http.request.id", o.request_id},
                           {"error.code", code.view()},
                           {"error.message", failed ? cut(o.message(), kMessageBytes) : std::string_view()},
                           {"authd.token.stale", true_or_absent(!o.stale.empty())},
                           {"authd.token.stale_reason", cut(o.stale, kMessageBytes)},
                           {"authd.steps", o.steps}};
  const Level level = o.status >= 500 ? Level::error : Level::info;
  const std::string_view event = o.refused ? "request-refused" : "request";
  const std::string_view message = o.refused ? "refused before it came to a route" : "request answered";
  if (!failed) return log_.write(level, event, message, fields);
  log_.write_repeated(level, event, message, code.view(), o.refused ? o.detail : std::string_view(), fields);
}

void AccessLog::on_fault(const RequestOutcome& outcome, std::string_view what) {
  log_.write_repeated(Level::error, "request-failed", "An endpoint failed after it had answered", "", "",
                      {{"error.message", cut(what, kMessageBytes)},
                       {"url.path", outcome.path},
                       {"http.request.id", outcome.request_id}});
}

} // namespace authd::telemetry
