// SPDX-License-Identifier: Apache-2.0
// Writes what requests and background work report into the log, each once.
#pragma once

#include <array>
#include <atomic>

#include "base/log.h"
#include "config/config.h"
#include "http/server.h"
#include "pipeline/recorder.h"

namespace authd::http {

class LogRecorder final : public RequestObserver, public pipeline::Recorder {
 public:
  LogRecorder(const config::Telemetry& telemetry, Log& log);

  void on_response(const Request& request, int status, std::size_t body_bytes,
                   std::chrono::nanoseconds duration, const Code* code) override;
  void gateway_called(const pipeline::GatewayReport& report) override;
  void breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) override;
  void tier_failed(const pipeline::TierReport& report) override;

 private:
  const config::AccessLog access_log_;
  const bool hash_user_names_;
  Log& log_;
};

} // namespace authd::http
