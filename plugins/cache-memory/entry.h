// SPDX-License-Identifier: Apache-2.0
// One cached value: a single block of memory that holds header, key and value.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace authd::cache_memory {

// Immutable once linked, but for the links, `referenced` and what only the shard's writer reads.
struct Entry {
  // Two links, so that a growing table can chain every entry anew while readers still walk the old one.
  std::array<std::atomic<Entry*>, 2> next{};
  Entry* next_retired = nullptr; // writer only
  std::uint64_t hash = 0;
  std::int64_t fresh_until_ms = 0;
  std::int64_t stale_until_ms = 0;
  std::uint32_t slot = 0; // writer only: its place in the shard's ring
  std::uint32_t key_bytes = 0;
  std::uint32_t value_bytes = 0;
  mutable std::atomic<bool> referenced{false}; // read since the clock hand last passed

  std::string_view key() const { return {payload(), key_bytes}; }
  std::string_view value() const { return {payload() + key_bytes, value_bytes}; }

  // What the block takes from the heap, the allocator's header and rounding (glibc) included.
  std::size_t bytes() const { return (sizeof(Entry) + key_bytes + value_bytes + 8 + 15) / 16 * 16; }

  // A hit writes only when the bit is not set yet: readers of one popular entry share its cache line.
  void touch() const {
    if (!referenced.load(std::memory_order_relaxed)) referenced.store(true, std::memory_order_relaxed);
  }

 private:
  const char* payload() const { return reinterpret_cast<const char*>(this + 1); }
};

// Overwrites key and value before it frees the block.
struct EntryDeleter {
  void operator()(Entry* entry) const {
    explicit_bzero(entry + 1, entry->key_bytes + std::size_t{entry->value_bytes});
    entry->~Entry();
    ::operator delete(entry);
  }
};
using EntryPtr = std::unique_ptr<Entry, EntryDeleter>;

// Throws std::bad_alloc. Times are set by the caller.
inline EntryPtr make_entry(std::uint64_t hash, std::string_view key, std::string_view value) {
  void* block = ::operator new(sizeof(Entry) + key.size() + value.size());
  EntryPtr entry(new (block) Entry);
  entry->hash = hash;
  entry->key_bytes = static_cast<std::uint32_t>(key.size());
  entry->value_bytes = static_cast<std::uint32_t>(value.size());
  char* payload = reinterpret_cast<char*>(entry.get() + 1);
  if (!key.empty()) std::memcpy(payload, key.data(), key.size());
  if (!value.empty()) std::memcpy(payload + key.size(), value.data(), value.size());
  return entry;
}

} // namespace authd::cache_memory
