// SPDX-License-Identifier: Apache-2.0
// Rates and latencies of the last ten seconds, from two readings of the metrics: for GET /admin/status. A thread of its
// own takes a reading once a second, so that the first who asks is told of the ten seconds before, not of those after.
// Nothing is done where requests are served, and the thread neither allocates nor waits for a lock.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <semaphore.h>

#include "base/clock.h"
#include "telemetry/metrics.h"

namespace authd::telemetry {

// In seconds: below it is the share `q` (0 to 1) of a histogram's values, which count as spread evenly over their
// bucket, as Prometheus' histogram_quantile has it; the last bound, when it is above that. 0: there are no values.
// `buckets`: kBuckets of them.
double quantile(std::span<const std::uint64_t> buckets, double q);

struct Traffic {
  double requests_per_s = 0;
  double tokens_per_s = 0;
  double errors_per_s = 0; // answers with a status of 400 or more
  double p50_ms = 0;       // of all requests; 0: there were none
  double p95_ms = 0;
  double p99_ms = 0;
  std::vector<double> loop_delay_ms{}; // of each reactor: the 99th percentile
};

// What Traffic is made from, since the start of the process.
struct TrafficReading {
  using Buckets = std::array<std::uint64_t, kBuckets>;

  explicit TrafficReading(unsigned reactors) : loop_delays(reactors) {}
  // False: somebody else reads the metrics, and this is of no use. Does not allocate.
  bool take(const Metrics& metrics);
  // What happened between the two; this is the later one. Rates count at least a second.
  Traffic since(const TrafficReading& earlier) const;

  SteadyTime at{}; // steady, because the wall clock may be set in between
  std::uint64_t requests = 0;
  std::uint64_t tokens = 0;
  std::uint64_t errors = 0;
  Buckets response_times{};
  std::vector<Buckets> loop_delays; // of each reactor
};

// [thread-safe]
class TrafficWindow {
 public:
  static constexpr seconds kLength{10};

  // The metrics must outlive it. Starts the thread.
  TrafficWindow(const Metrics& metrics, unsigned reactors);
  ~TrafficWindow();
  TrafficWindow(const TrafficWindow&) = delete;
  TrafficWindow& operator=(const TrafficWindow&) = delete;

  // Up to now, since the reading of ten seconds before, or the first one that there is.
  Traffic now() const;

 private:
  static constexpr std::size_t kReadings = static_cast<std::size_t>(kLength.count()) + 2;

  bool ends_within_a_second();
  void work();
  void add_reading();

  const Metrics& metrics_;
  mutable std::mutex mutex_;
  std::vector<TrafficReading> readings_; // a ring; this and the next two guarded by mutex_
  std::size_t next_ = 0;
  std::size_t taken_ = 0;
  sem_t end_; // not a condition variable: that would take a lock once a second
  std::thread thread_;
};

} // namespace authd::telemetry
