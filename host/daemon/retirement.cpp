// SPDX-License-Identifier: Apache-2.0
#include "daemon/retirement.h"

#include <pthread.h>

namespace authd::daemon {

Retirement::Retirement() : thread_([this] { work(); }) {}

Retirement::~Retirement() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Retirement::enqueue(Prepared job) noexcept {
  {
    const std::lock_guard lock(mutex_);
    jobs_.splice(jobs_.end(), job);
  }
  wake_.notify_one();
}

void Retirement::work() {
  pthread_setname_np(pthread_self(), "retirement");
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    std::list<Job> job;
    job.splice(job.end(), jobs_, jobs_.begin());
    lock.unlock();
    job.front()();
    job.clear(); // what it captured ends outside the lock
    lock.lock();
  }
}

} // namespace authd::daemon
