// SPDX-License-Identifier: Apache-2.0
// Whether an exchange is tried again, and when. Pure decisions: time and chance are passed in, and what is
// decided is carried out elsewhere.
//
// An exchange is tried again if it may be (idempotent) and the reason may pass:
//   no answer        refused, reset, closed without a byte, or connecting took too long
//   429, 502-504     after Retry-After where the server says it, else after a backoff with full jitter
// and only if the pause ends while a caller still waits for the result, and the budget allows it.
//
// Not a 500: Kong answers it when its database fails, at once or after 5 s, and a database is not back a
// tenth of a second later; what the requester's 500 ms allow is one more query for a database in trouble.
// The stale copy is the better answer, and the circuit breaker the better memory. Nor an exchange whose
// answer did not come in time: the time is used up.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace authd::http_client {

// How much repeating may add to the load: a tenth of the exchanges and kMostSaved more. Without such a
// bound a server that fails under its load gets twice the load. [thread-safe]
class RetryBudget {
 public:
  static constexpr int kMostSaved = 10; // retries, all there at the start: a lone first call may be repeated

  void earn();  // for each exchange
  bool spend(); // for each retry; false: not now

 private:
  static constexpr int kTenthsPerRetry = 10;
  std::atomic<int> tenths_{kMostSaved * kTenthsPerRetry};
};

struct RetrySettings {
  std::uint32_t max_attempts = 2; // in all; 1: none is repeated
  milliseconds base{100};         // the n-th retry waits up to base * 2^(n-1)
};

// What an attempt came to, as far as it matters for another one.
struct AttemptEnd {
  enum class How {
    answered,        // whole, with `status`
    no_answer,       // see above
    dead_connection, // the same on a connection from the pool: the server may have closed it long before
    lost,            // cut off, not HTTP, too late, refused for a reason that lasts
  };
  How how = How::lost;
  int status = 0;
  std::optional<milliseconds> retry_after = std::nullopt;
};

// The retries of one exchange.
class RetryPolicy {
 public:
  using Chance = std::function<double()>; // uniform in [0, 1)

  // `budget` and `chance` must outlive it.
  RetryPolicy(RetrySettings settings, bool idempotent, RetryBudget& budget, const Chance& chance);

  // How long to wait before the next attempt; nullopt: the last one's result stands. Ask once after each.
  // `patience_ms`: how long a caller still waits for the result.
  // The first dead connection is no attempt, and nothing is waited for.
  std::optional<milliseconds> wait_before_next(const AttemptEnd& end, std::int64_t patience_ms);

  unsigned attempts() const { return attempts_; } // that were made

 private:
  milliseconds backoff() const;

  const RetrySettings settings_;
  const bool idempotent_;
  RetryBudget& budget_;
  const Chance& chance_;
  unsigned attempts_ = 0;
  unsigned counted_ = 0; // those that max_attempts bounds
  bool met_dead_connection_ = false;
};

// RFC 9110, section 10.2.3: seconds or a date, a day at most; nullopt: neither.
std::optional<milliseconds> parse_retry_after(std::string_view text, WallTime now);

} // namespace authd::http_client
