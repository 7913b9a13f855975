// SPDX-License-Identifier: Apache-2.0
// The last steps of each breaker and the last failures of requests, as long as the process lives: for GET
// /admin/status. Bounded, and off the warm path: of a request that was answered as asked, it looks at the status alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/request_outcome.h"
#include "pipeline/recorder.h"

namespace authd::telemetry {

struct BreakerStep {
  WallTime at;
  pipeline::CircuitBreaker::State from;
  pipeline::CircuitBreaker::State to;
};

// Failures with the same code and message are one.
struct RecentError {
  WallTime at;      // of the last one
  std::string code; // "AUTH_004"; "HTTP_404" for a refusal without an AUTH code
  std::string message;
  std::uint64_t count = 0;
};

// [thread-safe]
class RecentEvents final : public RequestObserver, public pipeline::Recorder {
 public:
  static constexpr std::size_t kMaxSteps = 20; // of each breaker
  static constexpr std::size_t kMaxErrors = 20;

  void on_outcome(const RequestOutcome& outcome) override;
  void on_fault(const RequestOutcome& outcome, std::string_view what) override;

  void gateway_called(const pipeline::GatewayReport&) override {}
  void breaker_moved(std::string_view breaker, pipeline::CircuitBreaker::Transition transition) override;
  void tier_failed(const pipeline::TierReport&) override {}

  std::vector<BreakerStep> steps(std::string_view breaker) const; // oldest first
  std::vector<RecentError> errors() const;                        // newest first

 private:
  void note_error(std::string_view code, std::string_view message);

  mutable std::mutex mutex_;
  std::map<std::string, std::deque<BreakerStep>, std::less<>> steps_; // this and the next one guarded by mutex_
  std::vector<RecentError> errors_;
};

} // namespace authd::telemetry
