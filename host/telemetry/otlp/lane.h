// SPDX-License-Identifier: Apache-2.0
// One signal's way to its collector: a thread, what waits, and how the last exports went. Each signal has its own, so
// that an endpoint that hangs or asks for a pause holds up no other.
//
// One batch is under way at a time. An export that may succeed later is repeated, after Retry-After and a backoff that
// grows from export to export, until the batch is as old as may_age(); then it is dropped and counted.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/backoff.h"
#include "telemetry/otlp/destination.h"
#include "telemetry/otlp/flush.h"
#include "telemetry/otlp/statistics.h"

namespace authd::telemetry::otlp {

struct Batch {
  std::string body; // gzip'd
  std::size_t items = 0;
  std::size_t metrics = 0; // of metrics: how many the items, which are data points, belong to
  SteadyTime since = steady_now();
};

class Lane {
 public:
  // Called on the lane's thread when exports begin to fail (with the error), and when they succeed again (without).
  using Changed = std::function<void(Signal signal, std::string_view error)>;

  Lane(Signal signal, Changed changed) : signal_(signal), changed_(std::move(changed)) {}
  virtual ~Lane() = default; // stopped and joined before, if it was started
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void start(); // throws std::system_error; does nothing the second time
  bool started() const { return thread_.joinable(); }
  // From the next export on. Null: the signal is switched off; what waits is exported once more, for kLeaving at most.
  void configure(std::shared_ptr<const Destination> to);
  // Exports what waits now, whatever the backoff says, but not against a Retry-After.
  void flush(std::shared_ptr<Flush> flush);
  // One last flush until `by`; what is left, or comes later, is dropped and counted. Does not wait.
  void stop(SteadyTime by);
  bool await_end(SteadyTime by); // false: it goes on
  void join();

  SignalStats statistics() const;

 protected:
  // What is to be freed when the mutex is not held: reactors wait for it.
  using Garbage = std::shared_ptr<void>;

  // Of these, those marked so are called with mutex_ held.
  virtual std::size_t waiting() const = 0;                      // held
  virtual bool is_full(const Destination& to) const = 0;        // held; a batch need not wait for the interval
  virtual std::optional<Batch> take(const Destination& to) = 0; // nullopt: nothing waits. [may-block]
  virtual std::size_t discard(Garbage& into) = 0;               // held; all that waits
  virtual milliseconds may_age(const Destination& to) const = 0;
  // What a batch holds can be had again, and is better fresh.
  virtual bool is_renewed() const { return false; }

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::shared_ptr<const Destination> to_; // guarded by mutex_; null: inactive
  SignalStats stats_;                     // guarded by mutex_
  std::size_t under_way_ = 0;             // items; guarded by mutex_
  bool stopping_ = false;                 // guarded by mutex_

 private:
  using Lock = std::unique_lock<std::mutex>;

  static constexpr milliseconds kFirstPause{1000};
  static constexpr milliseconds kLongestPause{30'000};
  // Under a load that samples more than this can encode, spans are dropped and counted; requests come first.
  static constexpr milliseconds kLeaving{5000};
  static constexpr int kShare = 20; // a twentieth

  void run();
  bool await_work(Lock& lock);                // false: it is stopping
  std::shared_ptr<const Destination> begin(); // mutex_ is held: the destination of what is done next
  void leave(Lock& lock);
  void drop_all(DropReason why, Garbage& into); // mutex_ is held
  SteadyTime next_work() const;
  void finish_all(Lock& lock); // the flushes that wait: nothing was to do
  void last_flush(Lock& lock);
  bool prepare(const Destination& to);
  std::optional<Answered> export_one(const Destination& to, SteadyTime deadline);
  void export_all(const Destination& to, SteadyTime deadline, Lock& lock);
  void settle(const Destination& to, const Answered& answered, milliseconds took);
  void settle_for_another(const Answered& answered);       // mutex_ is held
  void count(const Answered& answered, milliseconds took); // mutex_ is held
  void back_off(const Answered& answered);
  void rest(std::chrono::nanoseconds worked); // mutex_ is held
  void finish_batch();                        // mutex_ is held
  void drop_batch(DropReason why);            // mutex_ is held
  void tell_of_change(const Answered& answered);

  const Signal signal_;
  const Changed changed_;
  std::thread thread_;
  std::vector<std::shared_ptr<Flush>> flushes_; // guarded by mutex_
  SteadyTime stop_by_{};                        // guarded by mutex_
  bool ended_ = false;                          // guarded by mutex_
  std::shared_ptr<const Destination> leaving_;  // guarded by mutex_; where what waits goes, once more
  std::uint64_t configured_ = 0;                // times; guarded by mutex_
  // Of the lane's thread, configure() resets the times: guarded by mutex_.
  SteadyTime next_export_{};
  SteadyTime paused_until_{};
  SteadyTime refused_until_{}; // as Retry-After has it
  SteadyTime resting_until_{}; // so that it takes at most kShare of a processor
  // Of the lane's thread alone.
  std::uint64_t served_ = 0; // of configured_: what it works for
  std::optional<Batch> batch_;
  std::size_t last_items_ = 0; // of the last batch that was sent
  std::size_t last_metrics_ = 0;
  net::Backoff backoff_{kFirstPause, kLongestPause};
  bool told_failing_ = false;
};

} // namespace authd::telemetry::otlp
