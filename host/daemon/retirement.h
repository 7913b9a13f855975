// SPDX-License-Identifier: Apache-2.0
// Where old generations end, one after the other: their last requests may wait for a gateway that hangs, and
// their plugins may take their time to stop.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace authd::daemon {

class Retirement {
 public:
  Retirement();  // starts its one thread, so that a reload never needs one
  ~Retirement(); // after all that was enqueued has ended
  Retirement(const Retirement&) = delete;
  Retirement& operator=(const Retirement&) = delete;

  using Job = std::function<void()>; // must not throw
  // A list of the one job, made while a reload can still be refused.
  using Prepared = std::list<Job>;
  void enqueue(Prepared job) noexcept; // [thread-safe]

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Job> jobs_; // guarded by mutex_
  bool ending_ = false; // guarded by mutex_
  std::thread thread_;
};

} // namespace authd::daemon
