// SPDX-License-Identifier: Apache-2.0
#include "telemetry/otlp/lane.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <pthread.h>
#include <time.h>

namespace authd::telemetry::otlp {
namespace {

using Verdict = Answered::Verdict;

// A server that wants more is asked again nevertheless: its clock, or its mind, may have changed.
constexpr milliseconds kLongestRetryAfter{5 * 60'000};

std::chrono::nanoseconds thread_cpu_time() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

bool is_success(Verdict verdict) { return verdict == Verdict::accepted || verdict == Verdict::partial; }

ExportResult result_of(Verdict verdict) {
  switch (verdict) {
  case Verdict::accepted:
    return ExportResult::success;
  case Verdict::partial:
    return ExportResult::partial;
  default:
    return ExportResult::failure;
  }
}

} // namespace

void Lane::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void Lane::configure(std::shared_ptr<const Destination> to) {
  std::shared_ptr<const Destination> left; // goes, as the old one does, outside the lock
  const std::lock_guard lock(mutex_);
  to_.swap(to);
  left.swap(leaving_);
  if (!to_) leaving_ = to ? std::move(to) : std::move(left);
  ++configured_;
  if (to_) paused_until_ = refused_until_ = {};
  next_export_ = to_ ? steady_now() + to_->interval : SteadyTime{};
  stats_.state = to_ ? SignalState::active : SignalState::inactive;
  wake_.notify_all();
}

void Lane::flush(std::shared_ptr<Flush> flush) {
  {
    const std::lock_guard lock(mutex_);
    if (to_ && !stopping_) {
      flushes_.push_back(std::move(flush));
      wake_.notify_all();
      return;
    }
  }
  flush->finish(signal_, {});
}

void Lane::stop(SteadyTime by) {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  stop_by_ = by;
  wake_.notify_all();
}

bool Lane::await_end(SteadyTime by) {
  std::unique_lock lock(mutex_);
  return wake_.wait_until(lock, by, [this] { return ended_; });
}

void Lane::join() {
  if (thread_.joinable()) thread_.join();
}

SignalStats Lane::statistics() const {
  const std::lock_guard lock(mutex_);
  SignalStats stats = stats_;
  stats.waiting = waiting() + under_way_;
  return stats;
}

void Lane::run() {
  pthread_setname_np(pthread_self(), std::string("otlp-").append(name_of(signal_)).c_str());
  Lock lock(mutex_);
  while (await_work(lock)) {
    auto to = begin();
    if (flushes_.empty()) {
      lock.unlock();
      const std::chrono::nanoseconds before = thread_cpu_time();
      export_one(*to, SteadyTime::max());
      lock.lock();
      rest(thread_cpu_time() - before);
    } else {
      export_all(*to, SteadyTime::max(), lock);
    }
    lock.unlock();
    to.reset(); // perhaps with its connections
    lock.lock();
  }
  last_flush(lock);
}

bool Lane::await_work(Lock& lock) {
  for (;;) {
    if (stopping_) return false;
    if (!to_ && (leaving_ || batch_ || waiting() > 0)) {
      leave(lock);
      continue;
    }
    if (!to_) {
      if (flushes_.empty()) {
        wake_.wait(lock);
      } else {
        finish_all(lock);
      }
      continue;
    }
    if (!flushes_.empty()) return true;
    const SteadyTime next = next_work();
    if (next <= steady_now()) return true;
    wake_.wait_until(lock, next);
  }
}

SteadyTime Lane::next_work() const {
  const bool at_once = batch_ || is_full(*to_);
  return std::max({paused_until_, resting_until_, at_once ? SteadyTime{} : next_export_});
}

void Lane::rest(std::chrono::nanoseconds worked) {
  resting_until_ = steady_now() + std::chrono::duration_cast<SteadyTime::duration>(worked * (kShare - 1));
}

// Whoever waits for a flush may ask for statistics.
void Lane::finish_all(Lock& lock) {
  const auto flushes = std::exchange(flushes_, {});
  lock.unlock();
  for (const auto& flush : flushes) flush->finish(signal_, {});
  lock.lock();
}

// Backoff and pauses belong to a destination.
std::shared_ptr<const Destination> Lane::begin() {
  if (served_ != configured_) backoff_.reset();
  served_ = configured_;
  return to_ ? to_ : std::exchange(leaving_, nullptr);
}

void Lane::leave(Lock& lock) {
  const SteadyTime by = steady_now() + kLeaving;
  auto to = begin();
  if (to) export_all(*to, stopping_ ? std::min(by, stop_by_) : by, lock);
  Garbage garbage;
  if (!to_) drop_all(DropReason::shutdown, garbage); // else the new destination gets it
  lock.unlock();
  to.reset();
  garbage.reset();
  lock.lock();
}

void Lane::drop_all(DropReason why, Garbage& into) {
  drop_batch(why);
  stats_.of(why) += discard(into);
}

void Lane::last_flush(Lock& lock) {
  if (const auto to = begin()) export_all(*to, stop_by_, lock);
  finish_all(lock);
  Garbage garbage;
  drop_all(DropReason::shutdown, garbage);
  ended_ = true;
  wake_.notify_all();
}

// Whether there is a batch to send.
bool Lane::prepare(const Destination& to) {
  if (!batch_) {
    batch_ = take(to);
  } else if (is_renewed()) {
    auto fresh = take(to);
    if (fresh) fresh->since = batch_->since;
    batch_ = std::move(fresh);
  }
  const std::lock_guard lock(mutex_);
  // The interval begins with each batch, but not with its repetitions.
  if (!batch_ || steady_now() >= next_export_) next_export_ = steady_now() + to.interval;
  under_way_ = batch_ ? batch_->items : 0;
  return batch_.has_value();
}

// nullopt: nothing was there to send.
std::optional<Answered> Lane::export_one(const Destination& to, SteadyTime deadline) {
  const SteadyTime begun = steady_now();
  Answered answered;
  try {
    if (!prepare(to)) return std::nullopt;
    answered = to.sender->post(batch_->body, std::min(deadline, begun + to.timeout));
  } catch (const std::exception& error) { // out of memory: the batch would not fit the next time either
    answered = {Verdict::garbled, 0, std::nullopt, error.what()};
  }
  settle(to, answered, std::chrono::duration_cast<milliseconds>(steady_now() - begun));
  return answered;
}

// What comes meanwhile is the next export's. Ends at the first failure.
void Lane::export_all(const Destination& to, SteadyTime deadline, Lock& lock) {
  std::size_t left = waiting() + under_way_;
  const bool refused = refused_until_ > steady_now();
  const auto flushes = std::exchange(flushes_, {});
  lock.unlock();
  Flush::Part part;
  if (refused) part.error = "the collector asked to wait before the next export (Retry-After)";
  while (!refused && (left > 0 || is_renewed()) && steady_now() < deadline) {
    const auto answered = export_one(to, deadline);
    if (!answered) break;
    if (!answered->error.empty()) part.error = answered->error;
    if (!is_success(answered->verdict)) break;
    part.items += last_items_ - std::min<std::size_t>(last_items_, answered->rejected_items);
    part.metrics += last_metrics_;
    if (is_renewed()) break;
    left -= std::min(left, last_items_);
  }
  for (const auto& flush : flushes) flush->finish(signal_, part);
  lock.lock();
}

void Lane::settle(const Destination& to, const Answered& answered, milliseconds took) {
  {
    const std::lock_guard lock(mutex_);
    last_items_ = under_way_;
    last_metrics_ = batch_ ? batch_->metrics : 0;
    if (served_ != configured_) return settle_for_another(answered);
    count(answered, took);
    if (is_success(answered.verdict)) {
      backoff_.reset();
      paused_until_ = refused_until_ = {};
      finish_batch();
    } else {
      back_off(answered);
      if (answered.verdict == Verdict::rejected) drop_batch(DropReason::rejected);
      if (answered.verdict == Verdict::garbled) drop_batch(DropReason::failed);
      if (batch_ && !stopping_ && paused_until_ > batch_->since + may_age(to)) drop_batch(DropReason::failed);
    }
  }
  tell_of_change(answered);
}

// Another destination has been configured meanwhile: what this one said is no reason to pause there, and what it did
// not take goes there.
void Lane::settle_for_another(const Answered& answered) {
  ++stats_.of(result_of(answered.verdict));
  if (!is_success(answered.verdict)) return;
  stats_.exported += last_items_ - std::min<std::uint64_t>(answered.rejected_items, last_items_);
  finish_batch();
}

void Lane::count(const Answered& answered, milliseconds took) {
  ++stats_.of(result_of(answered.verdict));
  if (!answered.error.empty()) stats_.last_error = answered.error;
  if (!is_success(answered.verdict)) {
    stats_.last_failure = wall_now();
    if (stats_.state != SignalState::inactive) stats_.state = SignalState::failing;
    return;
  }
  const std::uint64_t rejected = std::min<std::uint64_t>(answered.rejected_items, last_items_);
  stats_.of(DropReason::rejected) += rejected;
  stats_.exported += last_items_ - rejected;
  stats_.last_success = wall_now();
  stats_.last_items = last_items_ - rejected;
  stats_.last_duration = took;
  if (stats_.state != SignalState::inactive) stats_.state = SignalState::active;
}

// Retry-After is told to many at once, so that the jitter comes on top of it.
void Lane::back_off(const Answered& answered) {
  const SteadyTime now = steady_now();
  const milliseconds asked = std::min(answered.retry_after.value_or(milliseconds(0)), kLongestRetryAfter);
  paused_until_ = now + asked + backoff_.next();
  refused_until_ = now + asked;
}

void Lane::finish_batch() {
  batch_.reset();
  under_way_ = 0;
}

void Lane::drop_batch(DropReason why) {
  stats_.of(why) += under_way_;
  finish_batch();
}

void Lane::tell_of_change(const Answered& answered) {
  const bool failing = !is_success(answered.verdict);
  if (failing == told_failing_) return;
  told_failing_ = failing;
  changed_(signal_, failing ? std::string_view(answered.error) : std::string_view());
}

} // namespace authd::telemetry::otlp
