// SPDX-License-Identifier: Apache-2.0
// A bounded map from keys to short-lived secret values, for many threads.
//
// Reads take no lock, allocate nothing and never wait for a writer; writes lock one shard for
// microseconds. An entry lives for ttl, may be asked for as a stale copy for `stale` longer, and is a miss
// afterwards; its memory is overwritten and freed by later writes. There are never more than max_entries:
// a new key then takes the place of an expired entry or of one that was not read lately.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "shard.h"
#include "sip_hash.h"

namespace authd::cache_memory {

inline constexpr std::size_t kMaxKeyBytes = 4096;
inline constexpr std::size_t kMaxValueBytes = 1024 * 1024;

struct Stats {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0; // all memory that entries hold, overheads included
  std::uint64_t capacity = 0;
  std::uint64_t evictions = 0;
};

std::int64_t steady_ms();

class MemoryCache {
 public:
  using Clock = std::function<std::int64_t()>; // monotonic, ms; called on any thread
  enum class Age { fresh, stale };             // stale: fresh ones too
  enum class Stored { ok, refused };           // refused: too large, ttl_ms < 1 or stale_ms < 0

  // max_entries >= 1. Throws std::system_error when the kernel has no randomness for the hash key.
  explicit MemoryCache(std::size_t max_entries, Clock clock = steady_ms);

  // Calls deliver(std::string_view value) on a hit, and says whether it was one. The view lasts for that
  // call. [thread-safe]
  template <class Deliver>
  bool get(std::string_view key, Age age, Deliver&& deliver) const {
    const std::uint64_t hash = sip_hash(hash_key_, key);
    const Shard& shard = shard_of(hash);
    const Epochs::Reader reader(shard.epochs());
    const Entry* entry = shard.find(hash, key);
    if (entry == nullptr || clock_() >= (age == Age::fresh ? entry->fresh_until_ms : entry->stale_until_ms))
      return false;
    entry->touch();
    deliver(entry->value());
    return true;
  }

  // Throws std::bad_alloc. [thread-safe]
  Stored set(std::string_view key, std::string_view value, std::int64_t ttl_ms, std::int64_t stale_ms);
  bool del(std::string_view key);      // false: there was none. [thread-safe]
  void clear(std::string_view prefix); // an empty prefix: everything. [thread-safe] [may-block]
  Stats stats() const;                 // [thread-safe]

 private:
  // The upper half chooses the shard; tables use the lower bits.
  Shard& shard_of(std::uint64_t hash) const { return *shards_[(hash >> 32) & (shards_.size() - 1)]; }

  const std::size_t max_entries_;
  const Clock clock_;
  const SipKey hash_key_ = random_sip_key();
  std::vector<std::unique_ptr<Shard>> shards_; // a power of two
};

} // namespace authd::cache_memory
