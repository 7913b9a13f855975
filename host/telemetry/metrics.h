// SPDX-License-Identifier: Apache-2.0
// Counts what instruments.h names, as long as the process lives. Every thread counts in memory of its own, which it
// alone writes: a count is a load and a store without a lock; readers sum over all threads.
//
// A series (an instrument with values for its labels) is interned once, before the hot path; then it is a number.
// Series are bounded: past kMaxSeries of an instrument further ones are counted as one whose labels are "other".
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "telemetry/instruments.h"

namespace authd::telemetry {

// Where gauges, and counters that others keep, are written when metrics are read.
class Reading {
 public:
  explicit Reading(Snapshot& snapshot) : snapshot_(snapshot) {}
  void set(Id id, std::initializer_list<std::string_view> labels, double value);

 private:
  Snapshot& snapshot_;
};

class Metrics {
 public:
  static constexpr std::size_t kMaxSeries = 512;

  struct Counter {
    std::uint32_t slot = 0; // 0: none; what is added is dropped
  };
  struct Histogram {
    std::uint32_t slot = 0;
  };

  Metrics();
  ~Metrics(); // after every thread that counts has ended, or counts no more
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // `labels`: as many as the instrument has, none of a client's making. [thread-safe], takes a lock.
  Counter counter(Id id, std::initializer_list<std::string_view> labels);
  Histogram histogram(Id id, std::initializer_list<std::string_view> labels);

  // [thread-safe], neither locks nor allocates after a thread's first call.
  void add(Counter counter, std::uint64_t n = 1) noexcept;
  void observe(Histogram histogram, std::chrono::nanoseconds value) noexcept;

  // What is asked whenever metrics are read; under a lock, so it must not block. Ends with the returned handle.
  using Source = std::function<void(Reading&)>;
  std::shared_ptr<void> add_source(Source source);

  // One series, while it is visited.
  struct Seen {
    std::span<const std::string> labels;
    std::uint64_t value;                    // of a counter
    std::span<const std::uint64_t> buckets; // of a histogram
  };
  // For who looks often: neither allocates nor waits for a lock. False, and nothing was visited: somebody else reads,
  // or a series is being added. `visit` must not call this object.
  template <class Visit>
  bool try_visit(Id id, Visit visit) const {
    const auto call = [](void* visitor, const Seen& seen) { (*static_cast<Visit*>(visitor))(seen); };
    return try_visit(id, call, &visit);
  }

  // `view`: who reads, counted in metrics_collections_total; static text. [thread-safe]
  Snapshot collect(std::string_view view);

 private:
  bool try_visit(Id id, void (*call)(void* visitor, const Seen& seen), void* visitor) const;

  class State;
  const std::shared_ptr<State> state_; // shared with the threads that counted: they may end later
};

} // namespace authd::telemetry
