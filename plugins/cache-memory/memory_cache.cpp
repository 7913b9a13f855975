// SPDX-License-Identifier: Apache-2.0
#include "memory_cache.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <limits>

namespace authd::cache_memory {
namespace {

// Small enough that growing one shard's table pauses a reactor for less than a millisecond, large enough
// that shards fill evenly.
constexpr std::size_t kEntriesPerShard = 1024;
constexpr std::size_t kMostShards = 4096;

std::size_t shard_count(std::size_t max_entries) {
  return std::bit_floor(std::clamp<std::size_t>(max_entries / kEntriesPerShard, 1, kMostShards));
}

std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  return a > kMost - b ? kMost : a + b;
}

} // namespace

std::int64_t steady_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

MemoryCache::MemoryCache(std::size_t max_entries, Clock clock) : max_entries_(max_entries), clock_(std::move(clock)) {
  const std::size_t count = shard_count(max_entries);
  shards_.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    shards_.push_back(std::make_unique<Shard>(max_entries / count + (i < max_entries % count ? 1 : 0)));
}

MemoryCache::Stored MemoryCache::set(std::string_view key, std::string_view value, std::int64_t ttl_ms,
                                     std::int64_t stale_ms) {
  if (key.size() > kMaxKeyBytes || value.size() > kMaxValueBytes || ttl_ms < 1 || stale_ms < 0) return Stored::refused;
  const std::uint64_t hash = sip_hash(hash_key_, key);
  const std::int64_t now = clock_();
  EntryPtr entry = make_entry(hash, key, value);
  entry->fresh_until_ms = saturating_add(now, ttl_ms);
  entry->stale_until_ms = saturating_add(entry->fresh_until_ms, stale_ms);
  shard_of(hash).set(std::move(entry), now);
  return Stored::ok;
}

bool MemoryCache::del(std::string_view key) {
  const std::uint64_t hash = sip_hash(hash_key_, key);
  return shard_of(hash).del(hash, key, clock_());
}

void MemoryCache::clear(std::string_view prefix) {
  for (const auto& shard : shards_) shard->clear(prefix);
}

Stats MemoryCache::stats() const {
  Stats stats{.capacity = max_entries_};
  for (const auto& shard : shards_) {
    stats.entries += shard->entries();
    stats.bytes += shard->bytes();
    stats.evictions += shard->evictions();
  }
  return stats;
}

} // namespace authd::cache_memory
