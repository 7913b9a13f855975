// SPDX-License-Identifier: Apache-2.0
// Invariants: whoever is in `waiting_` waits, and leaves it by its own time-out or by take_waiting, which happens only
// while the file is locked for writing. So a batch that timed out has not been written, and more join a group while
// another process keeps the lock.
#include "writer.h"

#include <algorithm>
#include <random>
#include <utility>

namespace authd::store_sqlite {
namespace {

using sdk::milliseconds;
using sdk::Status;

constexpr std::size_t kMostExpiredPerCommit = 500;
constexpr milliseconds kGarbagePeriod{1000};
constexpr milliseconds kLookAtDeadline{1000}; // a call may be withdrawn before its deadline
constexpr int kShortestPause = 500;           // us, between two tries to lock the file
constexpr int kLongestPause = 4000;

// A refusal of the batch alone, as opposed to what the file cannot do.
bool is_refusal(const Fault& fault) {
  return fault.status == Status::conflict || fault.status == Status::not_found || fault.status == Status::invalid ||
         fault.status == Status::unsupported;
}

} // namespace

Writer::Writer(std::unique_ptr<Connection> connection, Clock clock, Report report)
    : connection_(std::move(connection)), clock_(std::move(clock)), report_(std::move(report)),
      checkpoints_(*connection_, connection_->path()), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_one();
  thread_.join();
}

Writer::Applied Writer::apply(std::span<const sdk::StoredChange> changes, const Remaining& remaining) {
  Batch batch{changes};
  batch.result.failed = changes.size();
  Lock lock(mutex_);
  waiting_.push_back(&batch);
  wanted_.notify_one();
  while (batch.state != Batch::State::done) {
    if (batch.state == Batch::State::running) {
      batch.answered.wait(lock);
      continue;
    }
    const milliseconds left = remaining();
    if (left <= milliseconds::zero()) {
      std::erase(waiting_, &batch);
      batch.result.fault = {Status::timeout, connection_->path() + ": not written: the deadline passed first; look at "
                                                                   "the disk, and who else writes to the file"};
      return std::move(batch.result);
    }
    batch.answered.wait_for(lock, std::min(left, kLookAtDeadline));
  }
  return std::move(batch.result);
}

Writer::Counts Writer::counts() const { return {batches_, commits_}; }

Fault Writer::last_outage() const {
  const std::lock_guard lock(mutex_);
  return outage_;
}

void Writer::run() {
  Lock lock(mutex_);
  while (await_work(lock)) {
    const bool idle = waiting_.empty();
    lock.unlock();
    if (idle)
      collect_garbage();
    else
      write_group();
    lock.lock();
  }
}

// False: it is time to end.
bool Writer::await_work(Lock& lock) {
  wanted_.wait_for(lock, kGarbagePeriod, [this] { return stopping_ || !waiting_.empty(); });
  return !stopping_ || !waiting_.empty();
}

void Writer::write_group() {
  if (!begin()) return;
  const std::vector<Batch*> group = take_waiting();
  auto outcome = apply_group(group);
  if (outcome) outcome = connection_->run("COMMIT");
  if (connection_->in_transaction()) (void)connection_->run("ROLLBACK");
  if (outcome) ++commits_;
  answer(group, outcome);
  note(outcome);
  if (outcome) checkpoints_.committed();
}

// Waits for other processes as long as somebody waits here. At random intervals, so that two never stay in step.
bool Writer::begin() {
  std::minstd_rand random(static_cast<unsigned>(std::chrono::steady_clock::now().time_since_epoch().count()));
  std::uniform_int_distribution<int> pause(kShortestPause, kLongestPause);
  for (;;) {
    const auto begun = connection_->run("BEGIN IMMEDIATE");
    if (begun) return true;
    if (begun.error().status != Status::timeout) {
      withdraw_all(begun.error());
      note(begun);
      return false;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(pause(random)));
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return false;
  }
}

std::vector<Writer::Batch*> Writer::take_waiting() {
  const std::lock_guard lock(mutex_);
  std::vector<Batch*> group(waiting_.begin(), waiting_.end());
  waiting_.clear();
  for (Batch* batch : group) batch->state = Batch::State::running;
  return group;
}

// A fault of the file is everybody's; what a batch was refused is in its result. What expires is removed at least as
// fast as batches can insert.
Expected<void> Writer::apply_group(const std::vector<Batch*>& group) {
  Changes changes(*connection_, clock_());
  std::size_t inserted = 0;
  for (Batch* batch : group) {
    if (auto ok = apply_one(*batch, changes); !ok) return ok;
    inserted += batch->changes.size();
  }
  return remove_some(changes, std::min(2 * inserted, kMostExpiredPerCommit));
}

Expected<void> Writer::apply_one(Batch& batch, Changes& changes) {
  if (auto ok = connection_->run("SAVEPOINT batch"); !ok) return ok;
  Applied& result = batch.result;
  result.fault = {Status::ok, {}};
  for (std::size_t i = 0; i < batch.changes.size(); ++i) {
    auto ok = changes.apply(batch.changes[i], result.found);
    if (ok) continue;
    if (!is_refusal(ok.error())) return ok;
    result = {std::move(ok.error()), i, {}};
    if (auto undone = connection_->run("ROLLBACK TO batch"); !undone) return undone;
    return connection_->run("RELEASE batch");
  }
  return connection_->run("RELEASE batch");
}

// Whether there is anything is one look at an index.
Expected<void> Writer::remove_some(Changes& changes, std::size_t most) {
  const auto removed = changes.remove_expired(most);
  if (!removed) return tl::unexpected(removed.error());
  return {};
}

// Within the lock: a batch is on its caller's stack, gone as soon as the caller sees that it is done.
void Writer::answer(const std::vector<Batch*>& group, const Expected<void>& outcome) {
  const std::lock_guard lock(mutex_);
  for (Batch* batch : group) {
    if (!outcome) batch->result = {outcome.error(), batch->changes.size(), {}};
    if (batch->result.fault.status == Status::ok) ++batches_;
    batch->state = Batch::State::done;
    batch->answered.notify_one();
  }
}

void Writer::note(const Expected<void>& outcome) {
  const Fault now = outcome ? Fault{Status::ok, {}} : outcome.error();
  {
    const std::lock_guard lock(mutex_);
    if (outage_.message == now.message) return;
    outage_ = now;
  }
  report_(now);
}

// Until nothing has expired, or somebody waits.
void Writer::collect_garbage() {
  for (;;) {
    if (!connection_->run("BEGIN IMMEDIATE")) return; // another process is at it
    const auto removed = Changes(*connection_, clock_()).remove_expired(kMostExpiredPerCommit);
    const bool some = removed && *removed > 0;
    const auto ended = connection_->run(some ? "COMMIT" : "ROLLBACK");
    if (connection_->in_transaction()) (void)connection_->run("ROLLBACK");
    if (!some || !ended) return;
    ++commits_;
    checkpoints_.committed();
    const std::lock_guard lock(mutex_);
    if (stopping_ || !waiting_.empty()) return;
  }
}

void Writer::withdraw_all(const Fault& fault) {
  const std::vector<Batch*> group = take_waiting();
  answer(group, tl::unexpected(fault));
}

} // namespace authd::store_sqlite
