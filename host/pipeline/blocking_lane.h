// SPDX-License-Identifier: Apache-2.0
// A bounded pool of workers for operations that may block. Threads are started when there is work for them and
// stay. Jobs that a caller waits for go first, in their order; those without a (remaining) caller go last.
// The lane measures how long each kind of job takes, so that a job which would not begin in time can be refused at
// once instead of being queued in vain (bulkhead). [thread-safe]
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace authd::pipeline {

class BlockingLane {
 public:
  // What a job does, as far as it takes its own time.
  enum class Kind : std::uint8_t { read, store, count, lookup, refresh, other };
  static constexpr std::size_t kKinds = 6;

  struct Job {
    Kind kind = Kind::other;
    // False: it says nothing about how long such a job takes: there was nothing to do, or it went on after
    // all callers had stopped waiting. Must not throw.
    std::function<bool()> run;
    // Until when a caller waits for it, asked when its turn comes; empty: no caller does.
    std::function<SteadyTime()> wanted_until{};
    // Called instead of `run` when it is given up for want of room.
    std::function<void()> discarded{};
  };

  // One that a caller waits for however long it takes.
  static Job plain_job(std::function<void()> run);

  // `max_queued`: of each sort, jobs with and without a caller that waits.
  BlockingLane(std::size_t max_workers, std::size_t max_queued);
  ~BlockingLane(); // stop()
  BlockingLane(const BlockingLane&) = delete;
  BlockingLane& operator=(const BlockingLane&) = delete;

  // False: the queue is full, or the job would begin later than `patience` from now, or the lane has stopped; the
  // job was not taken.
  [[nodiscard]] bool submit(Job job, milliseconds patience = milliseconds::max());
  // One that no caller waits for. Not taken if the queue is full.
  void submit_background(Kind kind, std::function<void()> run);

  // How long a job with a caller would wait for a worker if it were submitted now, at the pace measured so
  // far.
  milliseconds expected_wait() const;

  // Runs what is queued, then joins the workers. Idempotent. [may-block]
  void stop();

  std::size_t queued() const;

 private:
  // Exponentially weighted: the last eight or so count.
  struct ServiceTime {
    std::chrono::nanoseconds average{0};
    void observe(std::chrono::nanoseconds took);
  };
  struct Running {
    Kind kind;
    SteadyTime since;
  };

  bool start_worker(); // requires mutex_
  void work(std::size_t worker);
  bool next(Job& job, std::vector<Job>& discarded); // requires mutex_
  std::chrono::nanoseconds wait_for_worker() const; // requires mutex_
  std::chrono::nanoseconds left_of(const Running& running, SteadyTime now) const;

  const std::size_t max_workers_;
  const std::size_t max_queued_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> waited_for_;
  std::deque<Job> background_;
  std::array<std::size_t, kKinds> queued_kinds_{}; // in waited_for_
  std::array<ServiceTime, kKinds> service_times_{};
  std::vector<std::thread> workers_;
  std::vector<Running> running_; // a slot for each worker; since == SteadyTime::max(): idle
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

// Reads of cache tiers have workers of their own, so that a gateway that hangs does not delay them.
struct Lanes {
  BlockingLane reads;
  BlockingLane gateway;
  Lanes(std::size_t workers, std::size_t max_queued) : reads(workers, max_queued), gateway(workers, max_queued) {}
  // The gateway's first: its jobs submit stores to the other.
  void stop() {
    gateway.stop();
    reads.stop();
  }
};

} // namespace authd::pipeline
