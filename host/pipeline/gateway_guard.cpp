// SPDX-License-Identifier: Apache-2.0
#include "pipeline/gateway_guard.h"

#include <algorithm>
#include <iterator>
#include <vector>

namespace authd::pipeline {
namespace {

constexpr milliseconds kPauseUnlessSaid{1000};
constexpr seconds kRetrySoon{1};

Error paused(milliseconds left) {
  return {Code::gateway_unavailable, "The API gateway is rate limiting; calls to it are paused",
          std::max(kRetrySoon, std::chrono::ceil<seconds>(left))};
}

Error suspended(GatewayUse use, milliseconds left) {
  return {Code::breaker_open,
          use == GatewayUse::read ? "The API gateway is failing; calls to it are suspended"
                                  : "The API gateway fails to create credentials; creation is suspended",
          std::max(kRetrySoon, std::chrono::ceil<seconds>(left))};
}

} // namespace

std::string_view breaker_name(GatewayUse use) { return use == GatewayUse::read ? "gateway" : "gateway-create"; }

GatewayGuard::GatewayGuard(CircuitBreaker::Settings settings, milliseconds timeout)
    : longest_pause_(settings.reset_timeout), timeout_(timeout), read_(settings), create_(settings) {}

std::variant<GatewayGuard::Permit, Error> GatewayGuard::acquire(GatewayUse use, SteadyTime now, Recorder& recorder) {
  count_late(now, recorder);
  const auto ends_pause = pass_pause(now);
  if (!ends_pause) return paused(pause_left(now));
  const auto admission = breaker(use).acquire(now);
  if (admission.transition) recorder.breaker_moved(breaker_name(use), *admission.transition);
  if (!admission.permit) {
    if (*ends_pause) end_pause_call(false);
    return suspended(use, breaker(use).until_probe(now));
  }
  const std::lock_guard lock(mutex_);
  running_.emplace(++last_permit_, Running{use, *admission.permit, *ends_pause, now});
  return last_permit_;
}

void GatewayGuard::record(Permit permit, CircuitBreaker::Outcome outcome, SteadyTime now, Recorder& recorder) {
  count_late(now, recorder);
  std::optional<Running> call;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = running_.find(permit); it != running_.end()) {
      call = it->second;
      running_.erase(it);
    }
  }
  if (call) judge(*call, outcome, now, recorder);
}

void GatewayGuard::judge(const Running& call, CircuitBreaker::Outcome outcome, SteadyTime now, Recorder& recorder) {
  if (call.ends_pause) end_pause_call(outcome != CircuitBreaker::Outcome::unjudged);
  const auto moved = breaker(call.use).record(call.breaker, outcome, now);
  if (moved) recorder.breaker_moved(breaker_name(call.use), *moved);
}

// Perhaps no request waits for a call that hangs, as in a refresh. Its place must not be held for as long as that
// lasts.
void GatewayGuard::count_late(SteadyTime now, Recorder& recorder) {
  std::vector<Running> late;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = running_.begin(); it != running_.end();) {
      const bool is_late = now - it->second.since > timeout_;
      if (is_late) late.push_back(it->second);
      it = is_late ? running_.erase(it) : std::next(it);
    }
  }
  for (const Running& call : late) judge(call, CircuitBreaker::Outcome::failure, now, recorder);
}

void GatewayGuard::pause(Permit permit, milliseconds retry_after, SteadyTime now, Recorder& recorder) {
  const milliseconds asked = std::min(retry_after > milliseconds(0) ? retry_after : kPauseUnlessSaid, longest_pause_);
  {
    const std::lock_guard lock(mutex_);
    paused_ = true;
    if (now + asked > paused_until_) {
      paused_until_ = now + asked;
      pause_length_ = asked;
    }
  }
  record(permit, CircuitBreaker::Outcome::unjudged, now, recorder);
}

std::optional<bool> GatewayGuard::pass_pause(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (!paused_) return false;
  if (now < paused_until_ || ending_) return std::nullopt;
  ending_ = true;
  return true;
}

void GatewayGuard::end_pause_call(bool over) {
  const std::lock_guard lock(mutex_);
  ending_ = false;
  if (over) paused_ = false;
}

// While the call that ends the pause is under way, the others are told to come back soon.
milliseconds GatewayGuard::pause_left(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  if (!paused_) return milliseconds(0);
  // No longer than it is in all: another thread may have looked at the clock before the pause began.
  const auto left = std::min(std::chrono::ceil<milliseconds>(paused_until_ - now), pause_length_);
  return std::max(left, milliseconds(ending_ ? 1 : 0));
}

std::optional<Error> GatewayGuard::refusal(GatewayUse use, SteadyTime now, Recorder& recorder) {
  count_late(now, recorder);
  if (const milliseconds left = pause_left(now); left > milliseconds(0)) return paused(left);
  if (breaker(use).would_reject(now)) return suspended(use, breaker(use).until_probe(now));
  return std::nullopt;
}

bool GatewayGuard::needs_probe() const {
  return read_.state() == CircuitBreaker::State::open || create_.state() == CircuitBreaker::State::open;
}

void GatewayGuard::recovered(SteadyTime now, Recorder& recorder) {
  for (const GatewayUse use : {GatewayUse::read, GatewayUse::create})
    if (const auto moved = breaker(use).recover(now)) recorder.breaker_moved(breaker_name(use), *moved);
}

} // namespace authd::pipeline
