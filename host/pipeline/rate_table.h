// SPDX-License-Identifier: Apache-2.0
// How busy each consumer is, for the rate limit of one instance: a hash table of fixed size, whose memory the system
// provides as it is touched. Sized for `consumers` that are busy at the same time at 52 bytes each, because one third
// of its places is used then: of a million about one in 100,000 finds its bucket full. [thread-safe]
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/gcra.h"

namespace authd::pipeline {

class RateTable {
 public:
  // At least 1. Throws std::bad_alloc.
  explicit RateTable(std::size_t consumers);
  ~RateTable();
  RateTable(const RateTable&) = delete;
  RateTable& operator=(const RateTable&) = delete;

  // Counts one request. One atomic exchange, which spins while another thread counts one of the same bucket; no lock of
  // the system and no allocation. Only what is no longer busy is replaced; if all of a bucket is, the one that is
  // nearest to its end, which is an eviction: that consumer has its whole limit again, a little early.
  RateVerdict take(std::string_view consumer, const Gcra& rule, Gcra::Nanoseconds now);

  std::uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }
  std::size_t consumers() const { return consumers_; }
  std::size_t bytes() const;

 private:
  static constexpr std::size_t kPlaces = 15;
  // Four cache lines: those of the tags are read first.
  struct alignas(64) Bucket {
    std::atomic<std::uint32_t> taken; // 1: a thread is within
    std::uint32_t pad;
    std::uint64_t tags[kPlaces]; // of the consumer; guarded by taken, as are:
    Gcra::Nanoseconds busy_until[kPlaces];
  };
  static_assert(sizeof(Bucket) == 256);

  std::size_t place_of(Bucket& bucket, std::uint64_t tag, Gcra::Nanoseconds now);

  const std::size_t consumers_;
  const std::size_t buckets_;
  Bucket* const table_; // zeros at first
  std::atomic<std::uint64_t> evictions_{0};
};

} // namespace authd::pipeline
