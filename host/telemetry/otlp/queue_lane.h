// SPDX-License-Identifier: Apache-2.0
// The lane of spans and of log records: a bounded queue of them. The bound holds for what waits and what is under way
// together.
#pragma once

#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "telemetry/otlp/encoding.h"
#include "telemetry/otlp/gzip.h"
#include "telemetry/otlp/lane.h"

namespace authd::telemetry::otlp {

template <class Item>
class QueueLane final : public Lane {
 public:
  using Lane::Lane;

  // Whether so many fit now; if not, counts them as dropped. [thread-safe]
  bool admits(std::size_t items) {
    const std::lock_guard lock(mutex_);
    if (!to_) return false;
    if (room() >= items) return true;
    stats_.of(stopping_ ? DropReason::shutdown : DropReason::queue_full) += items;
    return false;
  }
  // Drops and counts what does not fit. Nothing happens while the signal is not exported. [thread-safe]
  void offer(std::vector<Item> items) {
    const std::lock_guard lock(mutex_);
    if (!to_) return;
    const std::size_t room = make_room(items.size());
    std::move(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(room), std::back_inserter(queue_));
    wake_if_full(room);
  }
  void offer(Item item) {
    const std::lock_guard lock(mutex_);
    if (!to_ || make_room(1) == 0) return;
    queue_.push_back(std::move(item));
    wake_if_full(1);
  }

 private:
  // A batch is tried for so long: a collector that restarts or is upgraded is back by then.
  static constexpr milliseconds kLongestRetry{5 * 60'000};
  static constexpr std::size_t kMovedAtOnce = 128;

  // How many of so many fit; the others are counted as dropped.
  std::size_t make_room(std::size_t wanted) {
    const std::size_t taken = std::min(wanted, room());
    stats_.of(stopping_ ? DropReason::shutdown : DropReason::queue_full) += wanted - taken;
    return taken;
  }
  std::size_t room() const {
    const std::size_t held = queue_.size() + under_way_;
    return stopping_ || held >= to_->queue_size ? 0 : to_->queue_size - held;
  }
  // Once for each batch: whoever offers pays for waking.
  void wake_if_full(std::size_t added) {
    if (is_full(*to_) && queue_.size() - added < to_->batch_size) wake_.notify_one();
  }

  std::size_t waiting() const override { return queue_.size(); }
  bool is_full(const Destination& to) const override { return queue_.size() >= to.batch_size; }
  milliseconds may_age(const Destination&) const override { return kLongestRetry; }

  std::optional<Batch> take(const Destination& to) override {
    std::vector<Item> items;
    while (items.size() < to.batch_size && move_some(items, to.batch_size - items.size())) {
    }
    if (items.empty()) return std::nullopt;
    return Batch{gzip(encode(to.resource, std::span<const Item>(items))), items.size()};
  }

  // A few at a time, because whoever offers meanwhile waits.
  bool move_some(std::vector<Item>& into, std::size_t most) {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min({queue_.size(), most, kMovedAtOnce});
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::move(queue_.begin(), end, std::back_inserter(into));
    queue_.erase(queue_.begin(), end);
    under_way_ = into.size();
    return count > 0;
  }

  std::size_t discard(Garbage& into) override {
    const auto all = std::make_shared<std::deque<Item>>();
    all->swap(queue_);
    into = all;
    return all->size();
  }

  std::deque<Item> queue_; // guarded by mutex_
};

} // namespace authd::telemetry::otlp
