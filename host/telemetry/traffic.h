// SPDX-License-Identifier: Apache-2.0
// Rates and latencies of the last ten seconds, from two readings of the metrics: for GET /admin/status. Nothing is
// computed where requests are served. A thread of its own takes a reading once a second, so that the first who asks is
// told of the ten seconds before, not of those after.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "telemetry/instruments.h"

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
  std::map<std::string, double> loop_delay_ms; // by reactor: the 99th percentile
};

// What a reading says that Traffic is made from.
struct TrafficReading {
  using Buckets = std::vector<std::uint64_t>;

  // `taken_at` is steady, because the wall clock may be set in between.
  TrafficReading(const Snapshot& snapshot, SteadyTime taken_at);
  // What happened between the two; this is the later one. Rates count at least a second.
  Traffic since(const TrafficReading& earlier) const;

  SteadyTime at;
  double requests = 0;
  double tokens = 0;
  double errors = 0;
  Buckets response_times;
  std::map<std::string, Buckets> loop_delays; // by reactor
};

// [thread-safe]
class TrafficWindow {
 public:
  static constexpr seconds kLength{10};

  // `collect` must outlive it and be thread-safe. Starts the thread.
  explicit TrafficWindow(std::function<Snapshot()> collect);
  ~TrafficWindow();
  TrafficWindow(const TrafficWindow&) = delete;
  TrafficWindow& operator=(const TrafficWindow&) = delete;

  // Up to the snapshot, which was just taken, since the reading of ten seconds before, or the first one that there is.
  Traffic until(const Snapshot& snapshot) const;

 private:
  void work();
  void add(TrafficReading reading);

  const std::function<Snapshot()> collect_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<TrafficReading> readings_; // oldest first; this and the next one guarded by mutex_
  bool ending_ = false;
  std::thread thread_;
};

} // namespace authd::telemetry
