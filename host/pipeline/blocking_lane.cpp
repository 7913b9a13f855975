// SPDX-License-Identifier: Apache-2.0
#include "pipeline/blocking_lane.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include <pthread.h>

namespace authd::pipeline {
namespace {

using std::chrono::nanoseconds;

constexpr SteadyTime kIdle = SteadyTime::max();

std::size_t index_of(BlockingLane::Kind kind) { return static_cast<std::size_t>(kind); }

BlockingLane::Job job_of(BlockingLane::Kind kind, std::function<void()> run) {
  BlockingLane::Job job;
  job.kind = kind;
  job.run = [run = std::move(run)] {
    run();
    return true;
  };
  return job;
}

} // namespace

void BlockingLane::ServiceTime::observe(nanoseconds took) {
  average = average == nanoseconds(0) ? took : average + (took - average) / 8;
}

BlockingLane::Job BlockingLane::plain_job(std::function<void()> run) {
  Job job = job_of(Kind::other, std::move(run));
  job.wanted_until = [] { return SteadyTime::max(); };
  return job;
}

BlockingLane::BlockingLane(std::size_t max_workers, std::size_t max_queued)
    : max_workers_(max_workers), max_queued_(max_queued) {
  running_.reserve(max_workers);
}

BlockingLane::~BlockingLane() { stop(); }

bool BlockingLane::submit(Job job, milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    const bool waited_for = static_cast<bool>(job.wanted_until);
    std::deque<Job>& queue = waited_for ? waited_for_ : background_;
    if (stopping_ || queue.size() >= max_queued_) return false;
    if (waited_for && patience != milliseconds::max() && wait_for_worker() > patience) return false;
    // More jobs wait than workers do: one more worker, until there are enough.
    const bool one_more = waited_for_.size() + background_.size() >= idle_ && workers_.size() < max_workers_;
    if (one_more && !start_worker() && workers_.empty()) return false;
    if (waited_for) ++queued_kinds_[index_of(job.kind)];
    queue.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void BlockingLane::submit_background(Kind kind, std::function<void()> run) {
  static_cast<void>(submit(job_of(kind, std::move(run))));
}

// False: the system has no thread to give; those that there are must do.
bool BlockingLane::start_worker() {
  running_.push_back({Kind::other, kIdle});
  try {
    workers_.emplace_back([this, worker = workers_.size()] { work(worker); });
    return true;
  } catch (const std::system_error&) {
    running_.pop_back();
    return false;
  }
}

milliseconds BlockingLane::expected_wait() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::ceil<milliseconds>(wait_for_worker());
}

// With a free worker, or room for another one, it begins at once. Else when the workers, each from the end of what it
// runs, have begun all that is queued before it: those that are free take most of it, one that hangs takes none.
nanoseconds BlockingLane::wait_for_worker() const {
  if (workers_.size() < max_workers_ || waited_for_.size() < idle_) return nanoseconds(0);
  const SteadyTime now = steady_now();
  std::vector<nanoseconds> ends;
  for (const Running& running : running_) ends.push_back(left_of(running, now));
  const nanoseconds first = *std::min_element(ends.begin(), ends.end());
  nanoseconds queued(0);
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    queued += service_times_[kind].average * static_cast<std::int64_t>(queued_kinds_[kind]);
  const auto before = static_cast<std::int64_t>(waited_for_.size());
  const nanoseconds each = before == 0 ? nanoseconds(0) : queued / before;
  if (each == nanoseconds(0)) return first;
  // The least time by which one more than `before` have begun; by `first + queued` one worker alone has done so.
  nanoseconds low = first;
  nanoseconds high = first + queued;
  while (low < high) {
    const nanoseconds middle = low + (high - low) / 2;
    std::int64_t begun = 0;
    for (const nanoseconds end : ends) begun += end > middle ? 0 : (middle - end) / each + 1;
    if (begun > before) {
      high = middle;
    } else {
      low = middle + nanoseconds(1);
    }
  }
  return low;
}

// A job that takes longer than usual is taken to go on for as long as it is overdue: so a backend that begins to
// hang is noticed before the first of its jobs has ended.
nanoseconds BlockingLane::left_of(const Running& running, SteadyTime now) const {
  if (running.since == kIdle) return nanoseconds(0);
  const nanoseconds so_far = now - running.since;
  return std::chrono::abs(service_times_[index_of(running.kind)].average - so_far);
}

void BlockingLane::stop() {
  std::vector<std::thread> workers;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    workers.swap(workers_);
  }
  wake_.notify_all();
  for (std::thread& worker : workers) worker.join();
}

std::size_t BlockingLane::queued() const {
  const std::lock_guard lock(mutex_);
  return waited_for_.size() + background_.size();
}

// The first job that a caller still waits for. Those before it, whose callers have all been refused, go
// behind all jobs with callers, or are given up if there is no room.
bool BlockingLane::next(Job& job, std::vector<Job>& discarded) {
  const SteadyTime now = steady_now();
  while (!waited_for_.empty()) {
    job = std::move(waited_for_.front());
    waited_for_.pop_front();
    --queued_kinds_[index_of(job.kind)];
    if (job.wanted_until() > now) return true;
    std::deque<Job>& to = background_;
    if (to.size() < max_queued_) {
      to.push_back(std::move(job));
    } else {
      discarded.push_back(std::move(job));
    }
  }
  if (background_.empty()) return false;
  job = std::move(background_.front());
  background_.pop_front();
  return true;
}

void BlockingLane::work(std::size_t worker) {
  ::pthread_setname_np(::pthread_self(), "lane"); // else it has the name of the thread that started it
  std::vector<Job> discarded;
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return stopping_ || !waited_for_.empty() || !background_.empty(); });
    --idle_;
    Job job;
    const bool some = next(job, discarded);
    if (!some && discarded.empty()) return;
    const SteadyTime begun = steady_now();
    running_[worker] = {job.kind, begun};
    lock.unlock();
    for (const Job& given_up : discarded)
      if (given_up.discarded) given_up.discarded();
    discarded.clear();
    const bool worked = some && job.run();
    const Kind kind = job.kind;
    job = Job(); // what it captured dies outside the lock
    lock.lock();
    running_[worker].since = kIdle;
    if (worked) service_times_[index_of(kind)].observe(steady_now() - begun);
  }
}

} // namespace authd::pipeline
