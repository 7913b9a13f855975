// SPDX-License-Identifier: Apache-2.0
// One operation on a plugin, on the host's side: what authd_call points to.
#pragma once

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authd/abi.h"
#include "base/clock.h"
#include "base/http_attempt.h"
#include "base/trace_context.h"

namespace authd {

// Statuses of the ABI with a name; anything else a plugin returns becomes `internal`.
enum class CallStatus : std::int32_t {
  ok = AUTHD_OK,
  not_found = AUTHD_NOT_FOUND,
  conflict = AUTHD_CONFLICT,
  invalid = AUTHD_INVALID,
  denied = AUTHD_DENIED,
  rate_limited = AUTHD_RATE_LIMITED,
  unavailable = AUTHD_UNAVAILABLE,
  timeout = AUTHD_TIMEOUT,
  cancelled = AUTHD_CANCELLED,
  unsupported = AUTHD_UNSUPPORTED,
  corrupt = AUTHD_CORRUPT,
  internal = AUTHD_INTERNAL,
};
CallStatus to_status(authd_status raw);
std::string_view name_of(CallStatus status); // "not_found"
// Whether the backend answered: a tier without a copy is healthy.
inline bool is_answer(CallStatus status) { return status == CallStatus::ok || status == CallStatus::not_found; }

// Why an operation failed. `message` is for operators and already free of secrets.
struct CallFailure {
  CallStatus status = CallStatus::internal;
  int upstream_status = 0;
  milliseconds retry_after{0};
  std::string message;
  std::string setting = {}; // RFC 6901 pointer to the setting at fault; empty: none was named
};

// Lives on the caller's stack for one operation. Only cancel() is [thread-safe].
class Call {
 public:
  explicit Call(SteadyTime deadline = SteadyTime::max(), std::string_view request_id = {})
      : deadline_(deadline), patience_(deadline), request_id_(request_id) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  SteadyTime deadline() const { return deadline_; }
  std::string_view request_id() const { return request_id_; }
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  // As authd_host.remaining_ms defines it.
  std::int64_t remaining_ms() const;

  // The first pass of a module's handler, on a reactor: no service may sleep or change anything
  // (sdk/include/authd/endpoint.h).
  void set_first_pass(bool is_first) { first_pass_ = is_first; }
  bool first_pass() const { return first_pass_; }

  // Until when a caller waits for the result. A later one, up to the deadline, is still used (it fills a cache), but
  // nothing new is started for it: no retry. The deadline, unless set to be earlier.
  void set_patience(SteadyTime until) { patience_ = std::min(until, deadline_); }
  std::int64_t patience_ms() const; // what is left of it, like remaining_ms for the deadline

  // Const, because a plugin holds its call as const. The last failure replaces earlier ones.
  void record(CallFailure failure) const;
  const CallFailure& failure() const { return failure_; } // the last one recorded; without a message: none
  // The recorded failure, with the status that the operation returned.
  CallFailure take_failure(CallStatus status);

  // From now on every failure with a message is kept as a problem; at most the first 64.
  void keep_problems() { keeps_problems_ = true; }
  // All that were kept, the last one with the status that the operation returned; at least one.
  std::vector<CallFailure> take_problems(CallStatus status);

  // The trace that the operation belongs to; none unless set. Its state must outlive the call.
  void set_trace(const TraceContext& trace) { trace_ = trace; }
  const TraceContext& trace() const { return trace_; }
  // Another operation within the same trace begins: its span, of which exchanges from now on are a part. None without
  // a trace.
  SpanId begin_span();
  // Kept only within a trace.
  void note(HttpAttempt attempt) const;
  std::vector<HttpAttempt> take_attempts() { return std::exchange(attempts_, {}); }

  const authd_call* abi() const { return reinterpret_cast<const authd_call*>(this); }
  static const Call* from_abi(const authd_call* call) { return reinterpret_cast<const Call*>(call); }

 private:
  std::int64_t until(SteadyTime end) const;

  SteadyTime deadline_;
  SteadyTime patience_;
  std::string_view request_id_;
  std::atomic<bool> cancelled_{false};
  bool first_pass_ = false;
  mutable CallFailure failure_;
  bool keeps_problems_ = false;
  mutable std::vector<CallFailure> problems_;
  TraceContext trace_;
  mutable std::vector<HttpAttempt> attempts_;
};

} // namespace authd
