// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rate_table.h"

#include <algorithm>
#include <functional>
#include <new>
#include <thread>

#include <sys/mman.h>

namespace authd::pipeline {
namespace {

constexpr std::size_t kConsumersPerBucket = 5; // of 15 places
constexpr int kSpins = 64; // a thread is within for some 20 ns, unless the system has interrupted it

// Not from the heap: what is not touched takes no memory.
void* map_zeros(std::size_t bytes) {
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc();
  return at;
}

class Within {
 public:
  explicit Within(std::atomic<std::uint32_t>& taken) : taken_(taken) {
    for (int spins = 0; taken_.exchange(1, std::memory_order_acquire) != 0; ++spins) {
      if (spins >= kSpins) std::this_thread::yield();
    }
  }
  ~Within() { taken_.store(0, std::memory_order_release); }
  Within(const Within&) = delete;
  Within& operator=(const Within&) = delete;

 private:
  std::atomic<std::uint32_t>& taken_;
};

// Mixed, because std::hash says nothing about which of its bits vary (the finaliser of MurmurHash3).
std::uint64_t tag_of(std::string_view consumer) {
  std::uint64_t hash = std::hash<std::string_view>{}(consumer);
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdU;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53U;
  return hash ^ (hash >> 33);
}

} // namespace

RateTable::RateTable(std::size_t consumers)
    : consumers_(consumers), buckets_((consumers + kConsumersPerBucket - 1) / kConsumersPerBucket),
      table_(static_cast<Bucket*>(map_zeros(buckets_ * sizeof(Bucket)))) {}

RateTable::~RateTable() { munmap(table_, bytes()); }

std::size_t RateTable::bytes() const { return buckets_ * sizeof(Bucket); }

RateVerdict RateTable::take(std::string_view consumer, const Gcra& rule, Gcra::Nanoseconds now) {
  const std::uint64_t tag = tag_of(consumer);
  // The upper half chooses the bucket, evenly whatever their number is.
  Bucket& bucket = table_[((tag >> 32) * buckets_) >> 32];
  const Within within(bucket.taken);
  const std::size_t place = place_of(bucket, tag, now);
  return rule.take(bucket.busy_until[place], now);
}

// A consumer whose time has passed is as one who is new, so it does not matter whose such a place was.
std::size_t RateTable::place_of(Bucket& bucket, std::uint64_t tag, Gcra::Nanoseconds now) {
  const auto found = std::find(bucket.tags, bucket.tags + kPlaces, tag);
  if (found != bucket.tags + kPlaces) return static_cast<std::size_t>(found - bucket.tags);
  const auto first_to_end = std::min_element(bucket.busy_until, bucket.busy_until + kPlaces);
  const auto place = static_cast<std::size_t>(first_to_end - bucket.busy_until);
  if (bucket.busy_until[place] > now) evictions_.fetch_add(1, std::memory_order_relaxed);
  bucket.tags[place] = tag;
  bucket.busy_until[place] = 0;
  return place;
}

} // namespace authd::pipeline
