// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "telemetry/instruments.h"

namespace authd::telemetry {

// What POST /debug/metrics/test recorded: test_counter and test_histogram. [thread-safe]
class TestValues {
 public:
  // Adds `count` to the counter, and as many values to the histogram: 1 ms, 2 ms, and so on.
  void record(unsigned count);
  // Fills their families; nothing was recorded: they keep having no points.
  void add_to(Snapshot& snapshot) const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t recorded_ = 0;                                                // guarded by mutex_
  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(kBuckets); // guarded by mutex_
  double sum_ = 0;                                                            // seconds; guarded by mutex_
};

} // namespace authd::telemetry
