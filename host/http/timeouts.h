// SPDX-License-Identifier: Apache-2.0
// Timers that do not allocate: a queue per fixed duration, in which the item added last is due last, and a heap for
// varying deadlines. Both for one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/mailbox.h"

namespace authd::http {

class TimeoutQueue;

// An item in at most one queue at a time.
class Timed {
 public:
  Timed() = default;
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;
  ~Timed() { leave(); }
  void leave();

 private:
  friend class TimeoutQueue;
  TimeoutQueue* queue_ = nullptr;
  Timed* before_ = nullptr;
  Timed* after_ = nullptr;
  SteadyTime due_;
};

class TimeoutQueue {
 public:
  explicit TimeoutQueue(milliseconds duration) : duration_(duration) {}
  TimeoutQueue(const TimeoutQueue&) = delete;
  TimeoutQueue& operator=(const TimeoutQueue&) = delete;

  // Removes the item from the queue it is in; due after the duration.
  void add(Timed& item, SteadyTime now) {
    item.leave();
    item.queue_ = this;
    item.due_ = now + duration_;
    item.before_ = last_;
    (last_ == nullptr ? first_ : last_->after_) = &item;
    last_ = &item;
  }

  // Also applies to items in the queue, which keep the time they have waited.
  void change_duration(milliseconds duration) {
    for (Timed* item = first_; item != nullptr; item = item->after_) item->due_ += duration - duration_;
    duration_ = duration;
  }

  SteadyTime next_due() const { return first_ == nullptr ? SteadyTime::max() : first_->due_; }

  // The item that has waited longest, and since when; nullptr and max() for an empty queue.
  Timed* first() const { return first_; }
  SteadyTime waits_since() const { return first_ == nullptr ? SteadyTime::max() : first_->due_ - duration_; }

  // Removes and returns one that is due; nullptr when there is none.
  Timed* pop_due(SteadyTime now) {
    Timed* item = first_;
    if (item == nullptr || item->due_ > now) return nullptr;
    item->leave();
    return item;
  }

 private:
  friend class Timed;
  void remove(Timed& item) {
    (item.before_ == nullptr ? first_ : item.before_->after_) = item.after_;
    (item.after_ == nullptr ? last_ : item.after_->before_) = item.before_;
    item.queue_ = nullptr;
    item.before_ = item.after_ = nullptr;
  }

  milliseconds duration_;
  Timed* first_ = nullptr;
  Timed* last_ = nullptr;
};

inline void Timed::leave() {
  if (queue_ != nullptr) queue_->remove(*this);
}

// Deadlines of deferred exchanges. An entry stays until it is due, even if its exchange has been answered: `serial`
// tells the connection that it is obsolete.
class DeadlineHeap {
 public:
  struct Entry {
    SteadyTime due;
    ConnectionKey connection;
    std::uint64_t serial;
    bool operator>(const Entry& other) const { return due > other.due; }
  };

  void add(const Entry& entry) {
    entries_.push_back(entry);
    std::push_heap(entries_.begin(), entries_.end(), std::greater<>());
  }
  SteadyTime next_due() const { return entries_.empty() ? SteadyTime::max() : entries_.front().due; }
  bool pop_due(SteadyTime now, Entry& entry) {
    if (next_due() > now || entries_.empty()) return false;
    std::pop_heap(entries_.begin(), entries_.end(), std::greater<>());
    entry = entries_.back();
    entries_.pop_back();
    return true;
  }

 private:
  std::vector<Entry> entries_;
};

} // namespace authd::http
