// SPDX-License-Identifier: Apache-2.0
// One independent part of the cache: a hash table that readers walk without a lock, written by one thread
// at a time, with second-chance (CLOCK) eviction at a fixed number of entries.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "entry.h"
#include "epochs.h"

namespace authd::cache_memory {

class Shard {
 public:
  explicit Shard(std::size_t capacity) : capacity_(capacity) {} // capacity >= 1
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // The entry under this key, however old, or NULL. Call it, and use what it returns, only while a
  // Reader of epochs() lives. Takes no lock and allocates nothing. [thread-safe]
  const Entry* find(std::uint64_t hash, std::string_view key) const;
  Epochs& epochs() const { return epochs_; }

  // Inserts or replaces; evicts when full. Throws std::bad_alloc, and then nothing but expired
  // entries is gone. [thread-safe]
  void set(EntryPtr entry, std::int64_t now_ms);
  // False: there was none, or one past its time. [thread-safe]
  bool del(std::uint64_t hash, std::string_view key, std::int64_t now_ms);
  // Lets other writers in between, so an entry that is set meanwhile may stay. [thread-safe] [may-block]
  void clear(std::string_view prefix);

  std::uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
  // Memory in use: entries (those that wait for their last reader too), table and ring.
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  std::uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }

 private:
  using Link = std::atomic<Entry*>;

  // A bucket array. `link` says which of an entry's two links its chains use.
  struct Table {
    Table(std::size_t buckets, unsigned link_index) : heads(new Link[buckets]()), mask(buckets - 1), link(link_index) {}
    Link& head(std::uint64_t hash) const { return heads[hash & mask]; }
    std::size_t bytes() const { return sizeof(Table) + (mask + 1) * sizeof(Link); }

    std::unique_ptr<Link[]> heads;
    std::size_t mask; // buckets - 1; the number of buckets is a power of two
    unsigned link;
    Table* next_retired = nullptr;
  };

  // Everything below expects mutex_ to be held.
  Link* link_to(std::uint64_t hash, std::string_view key) const;
  Link* link_to(const Entry* entry) const;
  void reserve_bucket();
  void publish(Table* table);
  void replace(Link& link, EntryPtr entry);
  void insert(EntryPtr entry, std::int64_t now_ms);
  std::size_t append_slot();
  std::size_t evict(std::int64_t now_ms);
  std::size_t choose_victim(std::int64_t now_ms);
  void unlink(Entry* entry);
  void remove(std::size_t slot);
  void sweep(std::int64_t now_ms);
  std::size_t clear_slice(std::string_view prefix, std::size_t below);
  void release_if_empty();
  void retire(Entry* entry);
  void retire(Table* table);
  bool reclaim(); // true: nothing waits any more
  void free_retired(unsigned parity);
  void charge(std::size_t bytes) { bytes_.fetch_add(bytes, std::memory_order_relaxed); }
  void discharge(std::size_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

  mutable Epochs epochs_;
  std::atomic<Table*> table_{nullptr}; // NULL while empty

  std::mutex mutex_;
  const std::size_t capacity_;
  std::vector<Entry*> ring_; // every linked entry once, at its slot
  std::size_t ring_bytes_ = 0;
  std::size_t hand_ = 0;  // where the search for a victim goes on
  std::size_t sweep_ = 0; // where the search for expired entries goes on
  std::array<Entry*, 2> retired_entries_{};
  std::array<Table*, 2> retired_tables_{};

  std::atomic<std::uint64_t> entries_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> evictions_{0};
};

} // namespace authd::cache_memory
