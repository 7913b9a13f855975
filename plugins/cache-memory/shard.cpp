// SPDX-License-Identifier: Apache-2.0
#include "shard.h"

#include <algorithm>
#include <thread>

namespace authd::cache_memory {
namespace {

constexpr std::size_t kFirstBuckets = 8;
constexpr std::size_t kSweepPerSet = 2;     // more than one, so that expired entries go faster than new ones come
constexpr std::size_t kLongestSearch = 256; // bounds the time that set takes on a reactor
constexpr std::size_t kClearSlice = 256;    // entries looked at before other writers are let in
constexpr int kDrainAttempts = 10000;

} // namespace

Shard::~Shard() {
  for (Entry* entry : ring_) EntryDeleter{}(entry);
  free_retired(0);
  free_retired(1);
  delete table_.load();
}

const Entry* Shard::find(std::uint64_t hash, std::string_view key) const {
  const Table* table = table_.load(std::memory_order_acquire);
  if (table == nullptr) return nullptr;
  const Entry* entry = table->head(hash).load(std::memory_order_acquire);
  while (entry != nullptr && (entry->hash != hash || entry->key() != key))
    entry = entry->next[table->link].load(std::memory_order_acquire);
  return entry;
}

void Shard::set(EntryPtr entry, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  sweep(now_ms);
  reserve_bucket();
  if (Link* link = link_to(entry->hash, entry->key()))
    replace(*link, std::move(entry));
  else
    insert(std::move(entry), now_ms);
  reclaim();
}

bool Shard::del(std::uint64_t hash, std::string_view key, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  bool lived = false;
  if (const Link* link = link_to(hash, key)) {
    lived = now_ms < link->load()->stale_until_ms;
    remove(link->load()->slot);
  }
  release_if_empty();
  reclaim();
  return lived;
}

// From the end of the ring down: removing swaps the last entry into the gap, and that one was looked at.
void Shard::clear(std::string_view prefix) {
  for (std::size_t below = SIZE_MAX; below != 0;) {
    const std::lock_guard lock(mutex_);
    below = clear_slice(prefix, below);
    release_if_empty();
  }
  for (int i = 0; i < kDrainAttempts; ++i, std::this_thread::yield()) {
    const std::lock_guard lock(mutex_);
    if (reclaim()) return;
  }
}

std::size_t Shard::clear_slice(std::string_view prefix, std::size_t below) {
  std::size_t slot = std::min(below, ring_.size());
  for (std::size_t looked = 0; slot != 0 && looked != kClearSlice; ++looked) {
    --slot;
    if (ring_[slot]->key().starts_with(prefix)) remove(slot);
  }
  return slot;
}

Shard::Link* Shard::link_to(std::uint64_t hash, std::string_view key) const {
  const Entry* entry = find(hash, key);
  return entry == nullptr ? nullptr : link_to(entry);
}

Shard::Link* Shard::link_to(const Entry* entry) const {
  const Table* table = table_.load(std::memory_order_relaxed);
  Link* link = &table->head(entry->hash);
  while (link->load(std::memory_order_relaxed) != entry)
    link = &link->load(std::memory_order_relaxed)->next[table->link];
  return link;
}

// Keeps chains at one entry on average. A table that still has readers uses the link that the next one
// would write, so growing waits for them; longer chains until then are harmless.
void Shard::reserve_bucket() {
  const Table* old = table_.load(std::memory_order_relaxed);
  if (old == nullptr) {
    publish(new Table(kFirstBuckets, 0));
  } else if (ring_.size() > old->mask && retired_tables_[0] == nullptr && retired_tables_[1] == nullptr) {
    auto grown = std::make_unique<Table>((old->mask + 1) * 2, 1 - old->link);
    for (Entry* entry : ring_) {
      Link& head = grown->head(entry->hash);
      entry->next[grown->link].store(head.load(std::memory_order_relaxed), std::memory_order_relaxed);
      head.store(entry, std::memory_order_relaxed);
    }
    publish(grown.release());
  }
}

void Shard::publish(Table* table) {
  if (table != nullptr) charge(table->bytes());
  Table* old = table_.load(std::memory_order_relaxed);
  table_.store(table, std::memory_order_release);
  if (old != nullptr) retire(old);
}

void Shard::replace(Link& link, EntryPtr entry) {
  Entry* old = link.load(std::memory_order_relaxed);
  const unsigned index = table_.load(std::memory_order_relaxed)->link;
  entry->slot = old->slot;
  entry->referenced.store(true, std::memory_order_relaxed); // an entry that is set again is in use
  entry->next[index].store(old->next[index].load(std::memory_order_relaxed), std::memory_order_relaxed);
  charge(entry->bytes());
  ring_[old->slot] = entry.get();
  link.store(entry.release(), std::memory_order_release);
  retire(old);
}

// A new entry takes its victim's place in the ring, just behind the hand: it has a whole turn to be read
// before it is looked at.
void Shard::insert(EntryPtr entry, std::int64_t now_ms) {
  const std::size_t slot = ring_.size() == capacity_ ? evict(now_ms) : append_slot();
  const Table* table = table_.load(std::memory_order_relaxed);
  Link& head = table->head(entry->hash);
  entry->slot = static_cast<std::uint32_t>(slot);
  entry->next[table->link].store(head.load(std::memory_order_relaxed), std::memory_order_relaxed);
  charge(entry->bytes());
  ring_[slot] = entry.get();
  head.store(entry.release(), std::memory_order_release);
}

std::size_t Shard::append_slot() {
  ring_.push_back(nullptr);
  charge(ring_.capacity() * sizeof(Entry*) - ring_bytes_);
  ring_bytes_ = ring_.capacity() * sizeof(Entry*);
  entries_.store(ring_.size(), std::memory_order_relaxed);
  return ring_.size() - 1;
}

std::size_t Shard::evict(std::int64_t now_ms) {
  const std::size_t slot = choose_victim(now_ms);
  if (ring_[slot]->stale_until_ms > now_ms) evictions_.fetch_add(1, std::memory_order_relaxed);
  unlink(ring_[slot]);
  hand_ = slot + 1;
  return slot;
}

std::size_t Shard::choose_victim(std::int64_t now_ms) {
  for (std::size_t looked = 0; looked != kLongestSearch; ++looked, ++hand_) {
    if (hand_ >= ring_.size()) hand_ = 0;
    const Entry* entry = ring_[hand_];
    if (entry->stale_until_ms <= now_ms || !entry->referenced.load(std::memory_order_relaxed)) return hand_;
    entry->referenced.store(false, std::memory_order_relaxed);
  }
  return hand_ % ring_.size();
}

void Shard::unlink(Entry* entry) {
  const unsigned index = table_.load(std::memory_order_relaxed)->link;
  link_to(entry)->store(entry->next[index].load(std::memory_order_relaxed), std::memory_order_release);
  retire(entry);
}

void Shard::remove(std::size_t slot) {
  unlink(ring_[slot]);
  ring_[slot] = ring_.back();
  ring_[slot]->slot = static_cast<std::uint32_t>(slot);
  ring_.pop_back();
  entries_.store(ring_.size(), std::memory_order_relaxed);
}

void Shard::sweep(std::int64_t now_ms) {
  for (std::size_t looked = 0; looked != kSweepPerSet && !ring_.empty(); ++looked) {
    if (sweep_ >= ring_.size()) sweep_ = 0;
    if (ring_[sweep_]->stale_until_ms <= now_ms)
      remove(sweep_);
    else
      ++sweep_;
  }
}

void Shard::release_if_empty() {
  if (!ring_.empty() || table_.load(std::memory_order_relaxed) == nullptr) return;
  publish(nullptr);
  std::vector<Entry*>().swap(ring_);
  discharge(ring_bytes_);
  ring_bytes_ = hand_ = sweep_ = 0;
}

void Shard::retire(Entry* entry) {
  Entry*& list = retired_entries_[epochs_.parity()];
  entry->next_retired = list;
  list = entry;
}

void Shard::retire(Table* table) {
  Table*& list = retired_tables_[epochs_.parity()];
  table->next_retired = list;
  list = table;
}

// Two steps free what this very call unlinked, when no reader is around.
bool Shard::reclaim() {
  const auto nothing_waits = [this] {
    return retired_entries_ == std::array<Entry*, 2>{} && retired_tables_ == std::array<Table*, 2>{};
  };
  for (int step = 0; step != 2 && !nothing_waits() && epochs_.advance(); ++step) free_retired(epochs_.parity());
  return nothing_waits();
}

void Shard::free_retired(unsigned parity) {
  while (Entry* entry = retired_entries_[parity]) {
    retired_entries_[parity] = entry->next_retired;
    discharge(entry->bytes());
    EntryDeleter{}(entry);
  }
  while (Table* table = retired_tables_[parity]) {
    retired_tables_[parity] = table->next_retired;
    discharge(table->bytes());
    delete table;
  }
}

} // namespace authd::cache_memory
