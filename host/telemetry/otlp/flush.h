// SPDX-License-Identifier: Apache-2.0
// One flush of all signals, whose threads each do their part.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "telemetry/otlp/signal.h"

namespace authd::telemetry::otlp {

class Flush {
 public:
  struct Report {
    std::array<std::size_t, 3> items{}; // accepted: spans, data points, log records
    std::size_t metrics = 0;            // that the data points belong to
    std::vector<std::string> errors;    // without secrets
    milliseconds duration{0};
  };
  using Done = std::function<void(const Report&)>;

  // `done` is called once, by the thread that finishes last.
  explicit Flush(Done done) : done_(std::move(done)) {}

  struct Part {
    std::size_t items = 0;
    std::size_t metrics = 0;
    std::string error = {}; // empty: none
  };
  // Once for each signal. [thread-safe]
  void finish(Signal signal, const Part& part);

 private:
  const Done done_;
  const SteadyTime begun_ = steady_now();
  std::mutex mutex_;
  std::size_t left_ = kSignals.size(); // guarded by mutex_
  Report report_;                      // guarded by mutex_
};

} // namespace authd::telemetry::otlp
