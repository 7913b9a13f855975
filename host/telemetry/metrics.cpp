// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/zeroed_memory.h"

namespace authd::telemetry {
namespace {

// Every thread has so many numbers; the kernel gives memory for those pages only that are counted in.
constexpr std::size_t kSlots = 16'384;
constexpr std::uint32_t kSlotsOfHistogram = kBuckets + 1; // and the sum, in nanoseconds

constexpr std::array<std::int64_t, kBounds.size()> bounds_ns() {
  std::array<std::int64_t, kBounds.size()> all{};
  for (std::size_t i = 0; i < kBounds.size(); ++i) all[i] = static_cast<std::int64_t>(kBounds[i] * 1e9 + 0.5);
  return all;
}
constexpr auto kBoundsNs = bounds_ns();

// One thread's numbers. Only that thread writes them.
class Shard {
 public:
  void add(std::uint32_t slot, std::uint64_t n) noexcept {
    numbers_[slot].store(numbers_[slot].load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t read(std::uint32_t slot) const noexcept { return numbers_[slot].load(std::memory_order_relaxed); }

 private:
  ZeroedMemory numbers_{kSlots};
};

struct Series {
  std::vector<std::string> labels;
  std::uint32_t slot;
};

} // namespace

class Metrics::State {
 public:
  std::uint32_t intern(Id id, std::initializer_list<std::string_view> labels) {
    const std::lock_guard lock(mutex_);
    auto& known = series_[static_cast<std::size_t>(id)];
    std::vector<std::string> wanted(labels.begin(), labels.end());
    if (known.size() >= kMaxSeries) std::fill(wanted.begin(), wanted.end(), "other");
    const auto same = [&](const Series& s) { return s.labels == wanted; };
    if (const auto it = std::find_if(known.begin(), known.end(), same); it != known.end()) return it->slot;
    const std::uint32_t size = instrument(id).kind == InstrumentKind::histogram ? kSlotsOfHistogram : 1;
    if (next_slot_ + size > kSlots) return 0;
    known.push_back({std::move(wanted), std::exchange(next_slot_, next_slot_ + size)});
    return known.back().slot;
  }

  // A thread that has ended leaves its shard, with what it counted, to the next one.
  Shard* acquire() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) {
      shards_.push_back(std::make_unique<Shard>());
      return shards_.back().get();
    }
    Shard* shard = free_.back();
    free_.pop_back();
    return shard;
  }
  void release(Shard* shard) {
    const std::lock_guard lock(mutex_);
    free_.push_back(shard);
  }

  std::list<Metrics::Source>::iterator add_source(Metrics::Source source) {
    const std::lock_guard lock(reading_);
    return sources_.insert(sources_.end(), std::move(source));
  }
  void remove_source(std::list<Metrics::Source>::iterator source) {
    const std::lock_guard lock(reading_);
    sources_.erase(source);
  }

  Snapshot collect() {
    Snapshot all{since_, wall_now(), {}};
    for (const Instrument& i : instruments()) all.families.push_back({&i, {}});
    const std::lock_guard reading(reading_);
    sum_into(all);
    Reading reading_of(all);
    for (const Metrics::Source& source : sources_) source(reading_of);
    return all;
  }

  bool try_visit(Id id, void (*call)(void* visitor, const Seen& seen), void* visitor) const {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    const bool has_buckets = instrument(id).kind == InstrumentKind::histogram;
    std::array<std::uint64_t, kBuckets> buckets{};
    for (const Series& s : series_[static_cast<std::size_t>(id)]) {
      for (std::uint32_t i = 0; has_buckets && i < kBuckets; ++i) buckets[i] = sum(s.slot + i);
      call(visitor, {s.labels, has_buckets ? 0 : sum(s.slot), buckets});
    }
    return true;
  }

 private:
  void sum_into(Snapshot& all) const {
    const std::lock_guard lock(mutex_);
    for (Family& family : all.families) {
      for (const Series& s : series_[static_cast<std::size_t>(family.instrument->id)]) {
        family.points.push_back(family.instrument->kind == InstrumentKind::histogram ? histogram_of(s) : counter_of(s));
      }
    }
  }
  Point counter_of(const Series& s) const { return {s.labels, static_cast<double>(sum(s.slot))}; }
  Point histogram_of(const Series& s) const {
    Point point{s.labels};
    for (std::uint32_t i = 0; i < kBuckets; ++i) point.buckets.push_back(sum(s.slot + i));
    point.sum = static_cast<double>(sum(s.slot + kBuckets)) / 1e9;
    return point;
  }
  std::uint64_t sum(std::uint32_t slot) const {
    std::uint64_t total = 0;
    for (const auto& shard : shards_) total += shard->read(slot);
    return total;
  }

  const WallTime since_ = wall_now();
  mutable std::mutex mutex_; // guards these
  std::array<std::vector<Series>, kIds> series_;
  std::uint32_t next_slot_ = 1;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<Shard*> free_;

  std::mutex reading_; // guards these; taken before mutex_
  std::list<Metrics::Source> sources_;
};

namespace {

// The calling thread's shard of the Metrics that it counted in last: of one, but in tests.
template <class State>
class Mine {
 public:
  ~Mine() { leave(); }
  Shard& of(const std::shared_ptr<State>& state) {
    if (state_ != state) {
      leave();
      shard_ = state->acquire();
      state_ = state;
    }
    return *shard_;
  }

 private:
  void leave() {
    if (state_) state_->release(shard_);
    state_ = nullptr;
  }
  std::shared_ptr<State> state_;
  Shard* shard_ = nullptr;
};

template <class State>
Shard& my_shard(const std::shared_ptr<State>& state) {
  thread_local Mine<State> mine;
  return mine.of(state);
}

} // namespace

Metrics::Metrics() : state_(std::make_shared<State>()) {}
Metrics::~Metrics() = default;

Metrics::Counter Metrics::counter(Id id, std::initializer_list<std::string_view> labels) {
  return {state_->intern(id, labels)};
}

Metrics::Histogram Metrics::histogram(Id id, std::initializer_list<std::string_view> labels) {
  return {state_->intern(id, labels)};
}

void Metrics::add(Counter counter, std::uint64_t n) noexcept {
  if (counter.slot != 0) my_shard(state_).add(counter.slot, n);
}

void Metrics::observe(Histogram histogram, std::chrono::nanoseconds value) noexcept {
  if (histogram.slot == 0) return;
  const std::int64_t ns = std::max<std::int64_t>(value.count(), 0);
  const auto bucket = std::lower_bound(kBoundsNs.begin(), kBoundsNs.end(), ns) - kBoundsNs.begin();
  Shard& mine = my_shard(state_);
  mine.add(histogram.slot + static_cast<std::uint32_t>(bucket), 1);
  mine.add(histogram.slot + kBuckets, static_cast<std::uint64_t>(ns));
}

std::shared_ptr<void> Metrics::add_source(Source source) {
  const auto at = state_->add_source(std::move(source));
  return {nullptr, [state = state_, at](void*) { state->remove_source(at); }};
}

bool Metrics::try_visit(Id id, void (*call)(void* visitor, const Seen& seen), void* visitor) const {
  return state_->try_visit(id, call, visitor);
}

Snapshot Metrics::collect(std::string_view view) {
  add(counter(Id::metrics_collections, {view}));
  return state_->collect();
}

void Reading::set(Id id, std::initializer_list<std::string_view> labels, double value) {
  auto& points = snapshot_.families[static_cast<std::size_t>(id)].points;
  points.push_back({std::vector<std::string>(labels.begin(), labels.end()), value});
}

} // namespace authd::telemetry
