// SPDX-License-Identifier: Apache-2.0
// The one thread that writes. Batches that wait are applied in one transaction, each within a savepoint of its own, and
// answered when its COMMIT is durable: the more wait, the fewer syncs each of them costs. A batch that is refused
// changes nothing and hurts no other. What has expired is removed in the same transactions and while nobody waits.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "authd/store.hpp"
#include "changes.h"
#include "checkpoints.h"
#include "connection.h"
#include "owned_record.h"

namespace authd::store_sqlite {

using Clock = std::function<std::int64_t()>; // wall clock in ms

class Writer {
 public:
  struct Applied {
    Fault fault; // Status::ok: it is durable
    std::size_t failed = 0;
    std::vector<OwnedRecord> found;
  };
  struct Counts {
    std::uint64_t batches = 0;
    std::uint64_t commits = 0;
  };
  // Called by the writer's thread when writing begins to fail, and, with an ok, when it works again.
  using Report = std::function<void(const Fault&)>;

  Writer(std::unique_ptr<Connection> connection, Clock clock, Report report);
  ~Writer(); // what waits is still written
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // What waits when nothing remains is withdrawn; what is being written is waited for, however long that takes.
  // [thread-safe] [may-block]
  Applied apply(std::span<const sdk::StoredChange> changes, const Remaining& remaining);
  Counts counts() const;
  Fault last_outage() const; // Status::ok: the last commit succeeded. [thread-safe]

 private:
  struct Batch {
    std::span<const sdk::StoredChange> changes;
    Applied result = {};
    enum class State { waiting, running, done } state = State::waiting;
    std::condition_variable answered = {};
  };
  using Lock = std::unique_lock<std::mutex>;

  void run();
  bool await_work(Lock& lock);
  void write_group();
  bool begin();
  std::vector<Batch*> take_waiting();
  Expected<void> apply_group(const std::vector<Batch*>& group);
  Expected<void> apply_one(Batch& batch, Changes& changes);
  Expected<void> remove_some(Changes& changes, std::size_t most);
  void answer(const std::vector<Batch*>& group, const Expected<void>& outcome);
  void note(const Expected<void>& outcome);
  void collect_garbage();
  void withdraw_all(const Fault& fault);

  const std::unique_ptr<Connection> connection_; // the thread's alone
  const Clock clock_;
  const Report report_;
  Checkpoints checkpoints_;

  mutable std::mutex mutex_; // of what follows, and of each batch that waits or runs
  std::condition_variable wanted_;
  std::deque<Batch*> waiting_;
  bool stopping_ = false;
  Fault outage_{sdk::Status::ok, {}};

  std::atomic<std::uint64_t> batches_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::thread thread_; // last: it uses all the others
};

} // namespace authd::store_sqlite
