// SPDX-License-Identifier: Apache-2.0
// The thread on which sessions live: writing a profile takes long, and a session must end in time whoever waits. It
// starts with the first job, so a daemon that is not profiled does not have it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "profiling/cpu_sampler.h"
#include "profiling/heap_sampler.h"
#include "profiling/sessions.h"

namespace authd::profiling {

class Worker {
 public:
  using Job = std::function<void(Sessions&)>; // must not throw

  // `longest`: when a session ends by itself.
  explicit Worker(milliseconds longest = Sessions::kLongest) : sessions_(cpu_, heap_, longest) {}
  ~Worker(); // after what was enqueued; a session that runs is given up
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // False: too many jobs wait. [thread-safe]
  [[nodiscard]] bool post(Job job);

 private:
  void work();

  CpuSampler cpu_;
  HeapSampler heap_;
  Sessions sessions_; // the thread's alone
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_; // guarded by mutex_
  bool ending_ = false;  // guarded by mutex_
  std::thread thread_;   // guarded by mutex_ until it has started
};

} // namespace authd::profiling
