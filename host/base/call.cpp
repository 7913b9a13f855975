// SPDX-License-Identifier: Apache-2.0
#include "base/call.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/trace_ids.h"

namespace authd {
namespace {

constexpr std::size_t kMostProblems = 64;
constexpr std::size_t kMostAttempts = 32; // a list of many pages has as many exchanges

constexpr std::array<std::string_view, 12> kNames{"ok",        "not_found",    "conflict",    "invalid",
                                                  "denied",    "rate_limited", "unavailable", "timeout",
                                                  "cancelled", "unsupported",  "corrupt",     "internal"};

} // namespace

CallStatus to_status(authd_status raw) {
  const bool known = raw >= AUTHD_OK && raw <= AUTHD_INTERNAL;
  return known ? static_cast<CallStatus>(raw) : CallStatus::internal;
}

std::string_view name_of(CallStatus status) { return kNames[static_cast<std::size_t>(status)]; }

std::int64_t Call::remaining_ms() const { return until(deadline_); }
std::int64_t Call::patience_ms() const { return until(patience_); }

std::int64_t Call::until(SteadyTime end) const {
  if (cancelled_.load(std::memory_order_relaxed)) return 0;
  if (end == SteadyTime::max()) return std::numeric_limits<std::int64_t>::max();
  // Rounded up: 0 means that no time is left, not less than a millisecond.
  const auto left = std::chrono::ceil<milliseconds>(end - steady_now());
  return std::max<std::int64_t>(left.count(), 0);
}

void Call::record(CallFailure failure) const {
  if (keeps_problems_ && !failure.message.empty() && problems_.size() < kMostProblems) problems_.push_back(failure);
  failure_ = std::move(failure);
}

SpanId Call::begin_span() {
  if (trace_) trace_.span = trace_ids_of_thread().span();
  return trace_.span;
}

void Call::note(HttpAttempt attempt) const {
  if (trace_ && attempts_.size() < kMostAttempts) attempts_.push_back(std::move(attempt));
}

std::vector<CallFailure> Call::take_problems(CallStatus status) {
  std::vector<CallFailure> taken = std::exchange(problems_, {});
  if (taken.empty()) taken.push_back(take_failure(status));
  taken.back().status = status;
  return taken;
}

CallFailure Call::take_failure(CallStatus status) {
  CallFailure taken = std::exchange(failure_, CallFailure{});
  taken.status = status;
  if (taken.message.empty()) taken.message = "the plugin gave no reason";
  return taken;
}

} // namespace authd
