// SPDX-License-Identifier: Apache-2.0
// A circuit breaker as a pure state machine: no I/O, no timers, time is passed in.
//
//   closed     calls pass; outcomes are counted over a rolling window. When at least `volume_threshold`
//              calls were seen and the share of failures reaches the threshold, it opens. It may also open on
//              a row of failures alone, whatever went well before.
//   open       calls are rejected until reset_timeout has passed since it opened, or the backend's own probe says
//              that it has recovered.
//   half-open  one probe passes, all other calls are rejected; its outcome closes or opens the breaker.
//
// An outcome counts only in the period (between two transitions) in which its call was admitted, so a
// slow failure from before the opening cannot fail the probe. [thread-safe]
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace authd::pipeline {

class CircuitBreaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };
  enum class Outcome : std::uint8_t {
    success,
    failure,
    answered, // the backend is there, but what it said must not count: closes a half-open breaker, no more
    unjudged, // the call never reached the backend: a probe's place is given back
  };

  struct Settings {
    unsigned error_threshold_percent = 50; // 1-100
    milliseconds reset_timeout{30'000};
    milliseconds window{10'000};
    unsigned buckets = 10;         // the window moves in steps of window / buckets
    unsigned volume_threshold = 5; // fewer calls in the window never open it
    unsigned row_threshold = 0;    // so many failures without a success between them do; 0: off
  };

  struct Transition {
    State from;
    State to;
  };

  // A place that was granted. Must be handed back through record exactly once.
  struct Permit {
    std::uint64_t period = 0;
    bool probe = false;
  };

  struct Admission {
    std::optional<Permit> permit; // nullopt: rejected
    std::optional<Transition> transition;
  };

  explicit CircuitBreaker(Settings settings);

  Admission acquire(SteadyTime now);
  std::optional<Transition> record(Permit permit, Outcome outcome, SteadyTime now);
  // An open breaker becomes half-open before its time.
  std::optional<Transition> recover(SteadyTime now);

  State state() const;
  // Whether acquire would be refused, without taking a place.
  bool would_reject(SteadyTime now) const;
  // How long until a probe may pass; zero unless open.
  milliseconds until_probe(SteadyTime now) const;

 private:
  struct Bucket {
    std::int64_t index = -1; // which step of time it counts
    std::uint32_t successes = 0;
    std::uint32_t failures = 0;
  };

  Bucket& bucket_at(SteadyTime now);
  std::int64_t index_of(SteadyTime now) const;
  bool should_open(SteadyTime now) const;
  Transition move_to(State next, SteadyTime now);

  const Settings settings_;
  mutable std::mutex mutex_;
  std::vector<Bucket> buckets_;
  State state_ = State::closed;
  std::uint64_t period_ = 0;
  unsigned row_ = 0; // failures since the last success
  SteadyTime opened_at_{};
  bool probing_ = false;
};

std::string_view name_of(CircuitBreaker::State state); // "closed", "open", "half-open"

} // namespace authd::pipeline
