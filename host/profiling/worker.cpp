// SPDX-License-Identifier: Apache-2.0
#include "profiling/worker.h"

#include <utility>

#include <pthread.h>

namespace authd::profiling {
namespace {

constexpr std::size_t kMostJobs = 16;

} // namespace

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool Worker::post(Job job) {
  const std::lock_guard lock(mutex_);
  if (ending_ || jobs_.size() == kMostJobs) return false;
  jobs_.push_back(std::move(job));
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
  wake_.notify_one();
  return true;
}

void Worker::work() {
  pthread_setname_np(pthread_self(), "profiling");
  const auto has_work = [this] { return ending_ || !jobs_.empty(); };
  std::unique_lock lock(mutex_);
  for (;;) {
    lock.unlock();
    const auto next = sessions_.tick(steady_now());
    lock.lock();
    next ? (void)wake_.wait_until(lock, *next, has_work) : wake_.wait(lock, has_work);
    if (jobs_.empty() && ending_) return;
    if (jobs_.empty()) continue;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job(sessions_);
    lock.lock();
  }
}

} // namespace authd::profiling
