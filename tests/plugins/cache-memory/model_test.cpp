// SPDX-License-Identifier: Apache-2.0
// The cache against a map, and against many threads.
#include "cache_under_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace authd::cache_memory {
namespace {

// The cache against the obvious implementation, without eviction.
class Model {
 public:
  void set(const std::string& key, std::string value, std::int64_t now, std::int64_t ttl, std::int64_t stale) {
    entries_[key] = {std::move(value), now + ttl, now + ttl + stale};
  }
  std::optional<std::string> get(const std::string& key, Age age, std::int64_t now) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    const auto& e = found->second;
    return now < (age == Age::fresh ? e.fresh_until : e.stale_until) ? std::optional(e.value) : std::nullopt;
  }
  void del(const std::string& key) { entries_.erase(key); }
  void clear(std::string_view prefix) {
    std::erase_if(entries_, [&](const auto& e) { return e.first.starts_with(prefix); });
  }
  std::size_t living(std::int64_t now) const {
    return static_cast<std::size_t>(
        std::count_if(entries_.begin(), entries_.end(), [&](const auto& e) { return now < e.second.stale_until; }));
  }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string value;
    std::int64_t fresh_until, stale_until;
  };
  std::map<std::string, Entry> entries_;
};

TEST(MemoryCache, BehavesLikeAMapWithTimes) {
  for (const unsigned seed : {1u, 2u, 3u, 4u}) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    CacheUnderTest t(4096);
    Model model;
    for (int step = 0; step < 20000; ++step) {
      const std::string key = std::string(1, "ab"[below(2)]) + std::to_string(below(300));
      const unsigned what = below(1000);
      if (what < 400) {
        const std::string value(below(50), static_cast<char>('a' + below(26)));
        const std::int64_t ttl = 1 + below(50), stale = below(50);
        t.set(key, value, ttl, stale);
        model.set(key, value, t.now, ttl, stale);
      } else if (what < 850) {
        const Age age = below(2) == 0 ? Age::fresh : Age::stale;
        ASSERT_EQ(t.get(key, age), model.get(key, age, t.now)) << "seed " << seed << " step " << step;
      } else if (what < 920) {
        t.cache.del(key);
        model.del(key);
      } else if (what < 922) {
        const std::string prefix = std::array{"", "a", "b1"}[below(3)];
        t.cache.clear(prefix);
        model.clear(prefix);
      } else {
        t.now += below(5);
      }
      ASSERT_GE(t.cache.stats().entries, model.living(t.now));
      ASSERT_LE(t.cache.stats().entries, model.size());
    }
    t.cache.clear("");
    EXPECT_EQ(t.cache.stats().bytes, 0u);
  }
}

// A value tells which key it belongs to and is of one letter: torn or foreign memory shows.
std::string checked_value(std::string_view key, unsigned n) {
  return std::string(key) + "|" + std::string(n % 97, static_cast<char>('a' + n % 26));
}

bool is_whole(std::string_view key, std::string_view value) {
  if (!value.starts_with(std::string(key) + "|")) return false;
  const auto letters = value.substr(key.size() + 1);
  return letters.find_first_not_of(letters.substr(0, 1)) == std::string_view::npos || letters.empty();
}

TEST(MemoryCache, ShowsReadersOnlyWholeValuesWhileOthersWrite) {
  CacheUnderTest t(3000); // two shards that grow, evict, sweep and are emptied
  constexpr unsigned kSteps = 40000, kKeys = 5000;
  std::atomic<int> wrong{0}, hits{0};
  std::atomic<bool> done{false};
  const auto writer = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (unsigned i = 0; i < kSteps || hits == 0; ++i) {
      const std::string key = id_of(random() % kKeys);
      if (i % 8 == 7)
        t.cache.del(key);
      else
        t.set(key, checked_value(key, static_cast<unsigned>(random())), 1 + random() % 100, 10);
      if (i % 16 == 0) ++t.now;
      if (i % 10000 == 9999) t.cache.clear(i % 20000 == 9999 ? "" : "0");
    }
  };
  const auto reader = [&](unsigned seed) {
    std::mt19937 random(seed);
    while (!done) {
      const std::string key = id_of(random() % kKeys);
      hits += t.cache.get(key, Age::stale, [&](std::string_view v) { wrong += is_whole(key, v) ? 0 : 1; });
    }
  };
  std::vector<std::thread> writers, readers;
  for (unsigned i = 0; i < 2; ++i) readers.emplace_back(reader, 100 + i);
  for (unsigned i = 0; i < 2; ++i) writers.emplace_back(writer, i);
  for (auto& thread : writers) thread.join(); // not before a reader had a hit
  done = true;
  for (auto& thread : readers) thread.join();
  EXPECT_EQ(wrong, 0);
  t.cache.clear("");
  EXPECT_EQ(t.cache.stats().bytes, 0u);
}

TEST(Shard, NeverMissesAKeyThatStaysWhileItsTableGrows) {
  Shard shard(1 << 20);
  const SipKey key = random_sip_key();
  const auto set = [&](const std::string& id) {
    auto entry = make_entry(sip_hash(key, id), id, "v");
    entry->fresh_until_ms = entry->stale_until_ms = INT64_MAX;
    shard.set(std::move(entry), 0);
  };
  std::vector<std::string> staying;
  for (std::uint64_t i = 0; i < 100; ++i) set(staying.emplace_back("stays" + id_of(i)));
  std::atomic<bool> done{false};
  std::atomic<int> missed{0};
  std::thread reader([&] {
    do {
      for (const auto& id : staying) {
        const Epochs::Reader guard(shard.epochs());
        missed += shard.find(sip_hash(key, id), id) == nullptr ? 1 : 0;
      }
    } while (!done);
  });
  for (std::uint64_t i = 0; i < 150000; ++i) set(id_of(i));
  done = true;
  reader.join();
  EXPECT_EQ(missed, 0);
}

// A table's readers follow the links that the table after the next would write.
TEST(MemoryCache, GrowsATableOnlyOnceWhileOneReaderIsThere) {
  CacheUnderTest unread(2000), read(2000);
  read.set("held", "v");
  unread.set("held", "v");
  for (std::uint64_t i = 0; i < 1500; ++i) unread.set(id_of(i), "v");
  read.cache.get("held", Age::fresh, [&](std::string_view) {
    for (std::uint64_t i = 0; i < 1500; ++i) read.set(id_of(i), "v");
    EXPECT_LT(read.cache.stats().bytes + 1000 * sizeof(void*), unread.cache.stats().bytes);
    for (std::uint64_t i = 0; i < 1500; ++i) EXPECT_EQ(read.get(id_of(i)), "v");
  });
  for (int i = 0; i < 10; ++i) read.set("held", "v");
  EXPECT_EQ(read.cache.stats().bytes, unread.cache.stats().bytes) << "it caught up";
}

} // namespace
} // namespace authd::cache_memory
