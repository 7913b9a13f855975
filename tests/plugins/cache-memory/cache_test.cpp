// SPDX-License-Identifier: Apache-2.0
#include "cache_under_test.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>

namespace {

// What the heap is asked for, and whether a freed block still holds what was planted.
std::atomic<std::uint64_t> allocations{0};
std::atomic<bool> looking{false};
std::atomic<int> leaks{0};
constexpr std::string_view kPlanted = "planted-secret-0123456789";

void look_into(const void* block) {
  const std::string_view all(static_cast<const char*>(block), malloc_usable_size(const_cast<void*>(block)));
  if (all.find(kPlanted) != std::string_view::npos) ++leaks;
}

} // namespace

void* operator new(std::size_t n) {
  ++allocations;
  if (void* p = std::malloc(n)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  if (p != nullptr && looking) look_into(p);
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

namespace authd::cache_memory {
namespace {

TEST(SipHash, AgreesWithTheVectorsOfItsAuthors) {
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string text;
  for (char c = 0; c < 15; ++c) text.push_back(c);
  EXPECT_EQ(sip_hash(key, ""), 0x726fdb47dd0e0e31);
  EXPECT_EQ(sip_hash(key, text.substr(0, 1)), 0x74f839c593dc67fd);
  EXPECT_EQ(sip_hash(key, text.substr(0, 8)), 0x93f5f5799a932462);
  EXPECT_EQ(sip_hash(key, text), 0xa129ca6149be45e5);
}

TEST(SipHash, IsKeyedAnewForEveryCache) {
  const SipKey a = random_sip_key(), b = random_sip_key();
  EXPECT_FALSE(a.k0 == b.k0 && a.k1 == b.k1);
  EXPECT_NE(sip_hash(a, "consumer"), sip_hash(b, "consumer"));
}

TEST(Epochs, StayWhileAReaderOfTheEpochBeforeIsThere) {
  Epochs epochs;
  {
    const Epochs::Reader old(epochs);
    ASSERT_TRUE(epochs.advance()); // nobody was there before it
    EXPECT_FALSE(epochs.advance());
    const Epochs::Reader young(epochs);
    EXPECT_FALSE(epochs.advance());
  }
  EXPECT_TRUE(epochs.advance());
}

TEST(MemoryCache, ReturnsWhatWasSet) {
  CacheUnderTest t;
  EXPECT_EQ(t.get("a"), std::nullopt);
  t.set("a", "1");
  t.set("b", std::string("\0\xff", 2));
  EXPECT_EQ(t.get("a"), "1");
  EXPECT_EQ(t.get("b"), std::string("\0\xff", 2));
  t.set("a", "2");
  EXPECT_EQ(t.get("a"), "2");
  EXPECT_EQ(t.cache.stats().entries, 2u);
}

TEST(MemoryCache, IsFreshWithinTtlAndStaleForAWhileAfterIt) {
  CacheUnderTest t;
  t.set("a", "1", 100, 50);
  t.now += 99;
  EXPECT_EQ(t.get("a"), "1");
  EXPECT_EQ(t.get("a", Age::stale), "1");
  t.now += 1;
  EXPECT_EQ(t.get("a"), std::nullopt);
  EXPECT_EQ(t.get("a", Age::stale), "1");
  t.now += 49;
  EXPECT_EQ(t.get("a", Age::stale), "1");
  t.now += 1;
  EXPECT_EQ(t.get("a", Age::stale), std::nullopt);
}

TEST(MemoryCache, SurvivesLifetimesBeyondTheEndOfTime) {
  CacheUnderTest t;
  EXPECT_EQ(t.set("a", "1", INT64_MAX, INT64_MAX), Stored::ok);
  t.now = INT64_MAX - 1;
  EXPECT_EQ(t.get("a"), "1");
}

TEST(MemoryCache, RefusesWhatNoConsumerNeeds) {
  CacheUnderTest t;
  EXPECT_EQ(t.set(std::string(kMaxKeyBytes + 1, 'k'), "v"), Stored::refused);
  EXPECT_EQ(t.set("k", std::string(kMaxValueBytes + 1, 'v')), Stored::refused);
  EXPECT_EQ(t.set("k", "v", 0), Stored::refused);
  EXPECT_EQ(t.set("k", "v", 1, -1), Stored::refused);
  EXPECT_EQ(t.cache.stats().bytes, 0u);

  EXPECT_EQ(t.set(std::string(kMaxKeyBytes, 'k'), std::string(kMaxValueBytes, 'v')), Stored::ok);
  EXPECT_EQ(t.set("", ""), Stored::ok);
  EXPECT_EQ(t.get(""), "");
  EXPECT_EQ(t.get(std::string(kMaxKeyBytes, 'k'))->size(), kMaxValueBytes);
}

TEST(MemoryCache, DeletesOneKeyAndClearsByPrefix) {
  CacheUnderTest t;
  for (std::uint64_t i = 0; i < 3000; ++i) t.set((i % 3 == 0 ? "x:" : "y:") + id_of(i), "v");
  t.cache.del("x:" + id_of(3));
  t.cache.del("x:" + id_of(3));
  EXPECT_EQ(t.get("x:" + id_of(3)), std::nullopt);
  EXPECT_EQ(t.cache.stats().entries, 2999u);

  t.cache.clear("x:");
  EXPECT_EQ(t.cache.stats().entries, 2000u);
  EXPECT_EQ(t.get("x:" + id_of(6)), std::nullopt);
  EXPECT_EQ(t.get("y:" + id_of(7)), "v");
}

TEST(MemoryCache, HoldsNoMemoryAfterEverythingWasCleared) {
  CacheUnderTest t;
  for (std::uint64_t i = 0; i < 20000; ++i) t.set(id_of(i), std::string(i % 300, 'v'));
  EXPECT_GT(t.cache.stats().bytes, 20000u * (36 + 150));
  t.cache.clear("");
  EXPECT_EQ(t.cache.stats().entries, 0u);
  EXPECT_EQ(t.cache.stats().bytes, 0u);
}

TEST(MemoryCache, HoldsNoMemoryAfterTheLastKeyWasDeleted) {
  CacheUnderTest t;
  for (std::uint64_t i = 0; i < 5000; ++i) t.set(id_of(i), "v");
  for (std::uint64_t i = 0; i < 5000; ++i) t.cache.del(id_of(i));
  EXPECT_EQ(t.cache.stats().bytes, 0u);
}

TEST(MemoryCache, NeedsLessThan400BytesForAConsumerAndCountsThemAll) {
  constexpr std::uint64_t kConsumers = 200000;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const auto before = mallinfo2().uordblks + mallinfo2().hblkhd;
#endif
  CacheUnderTest t(kConsumers * 2);
  const std::string value(150, 'v');
  for (std::uint64_t i = 0; i < kConsumers; ++i) t.set(id_of(i), value);
  const auto stats = t.cache.stats();
  EXPECT_EQ(stats.entries, kConsumers);
  EXPECT_LT(stats.bytes / kConsumers, 400u);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  const auto held = static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd - before);
  EXPECT_NEAR(static_cast<double>(stats.bytes), held, held * 0.05);
#endif
}

TEST(MemoryCache, StaysBoundedUnderAMillionRandomIds) {
  for (const std::size_t most : {1u, 10u, 1000u, 5000u}) {
    CacheUnderTest t(most);
    std::uint64_t highest = 0;
    for (std::uint64_t i = 0; i < 250000; ++i) {
      t.set(id_of(i * 0x9e3779b97f4a7c15), "value");
      if (i % 1000 == 0) highest = std::max(highest, t.cache.stats().entries);
    }
    const auto stats = t.cache.stats();
    EXPECT_LE(highest, most);
    EXPECT_LE(stats.entries, most);
    EXPECT_GE(stats.entries, most * 9 / 10);
    EXPECT_EQ(stats.capacity, most);
    EXPECT_EQ(stats.evictions, 250000u - stats.entries);
    EXPECT_LT(stats.bytes, most * 400 + 1000);
  }
}

TEST(MemoryCache, EvictsWhatWasNotReadLately) {
  CacheUnderTest t(100);
  for (std::uint64_t i = 0; i < 100; ++i) t.set(id_of(i), "v", 1000000);
  for (std::uint64_t round = 0; round < 50; ++round) {
    for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(t.get(id_of(i)), "v") << i << " in round " << round;
    for (std::uint64_t i = 0; i < 40; ++i) t.set("scan" + id_of(round * 40 + i), "v", 1000000);
  }
  EXPECT_EQ(t.get(id_of(99)), std::nullopt);
  EXPECT_EQ(t.cache.stats().entries, 100u);
}

TEST(MemoryCache, GivesAnExpiredPlaceAwayBeforeALivingOne) {
  CacheUnderTest t(100);
  for (std::uint64_t i = 0; i < 100; ++i) t.set(id_of(i), "v", i == 50 ? 10 : 1000);
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(t.get(id_of(i)), "v"); // all were read lately
  t.now += 10;
  t.set("new", "v", 1000);
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_EQ(t.get(id_of(i), Age::stale).has_value(), i != 50) << i;
  EXPECT_EQ(t.get("new"), "v");
  EXPECT_EQ(t.cache.stats().entries, 100u);
  EXPECT_EQ(t.cache.stats().evictions, 0u);
}

TEST(MemoryCache, ReclaimsExpiredEntriesWhileOthersAreSet) {
  CacheUnderTest t(1000);
  for (std::uint64_t i = 0; i < 1000; ++i) t.set(id_of(i), "v", 10);
  t.now += 10;
  for (std::uint64_t i = 0; i < 1000; ++i) t.set("only", "v", 1000);
  EXPECT_EQ(t.cache.stats().entries, 1u);
}

TEST(MemoryCache, ReadsAllocateNothing) {
  CacheUnderTest t;
  t.set("a", "1");
  std::size_t bytes = 0;
  const std::uint64_t before = allocations;
  for (int i = 0; i < 1000; ++i) {
    t.cache.get("a", Age::fresh, [&](std::string_view v) { bytes += v.size(); });
    t.cache.get("b", Age::stale, [&](std::string_view v) { bytes += v.size(); });
  }
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(bytes, 1000u);
}

TEST(MemoryCache, OverwritesSecretsBeforeItFreesThem) {
  CacheUnderTest t(3);
  const std::string value = "value with " + std::string(kPlanted);
  looking = true;
  t.set("deleted", value);
  t.cache.del("deleted");
  t.set("replaced", value);
  t.set("replaced", "x");
  t.set("expired", value, 1);
  t.now += 1;
  for (int i = 0; i < 4; ++i) t.set("replaced", "x");
  t.set("evicted", value);
  for (const char* other : {"p", "q", "r", "s", "u", "v"}) t.set(other, "x");
  t.set("cleared", value);
  t.cache.clear("");
  looking = false;
  EXPECT_EQ(t.cache.stats().entries, 0u);
  EXPECT_EQ(leaks, 0);
}

TEST(MemoryCache, KeepsAValueForTheReaderThatHoldsIt) {
  CacheUnderTest t;
  t.set("a", std::string(200, 'a'));
  const bool hit = t.cache.get("a", Age::fresh, [&](std::string_view value) {
    t.set("a", "new");
    for (std::uint64_t i = 0; i < 5000; ++i) t.set(id_of(i), "grows the tables");
    t.cache.del("a");
    t.cache.clear("");
    EXPECT_GT(t.cache.stats().bytes, 0u); // what the reader holds is still counted
    EXPECT_EQ(value, std::string(200, 'a'));
  });
  EXPECT_TRUE(hit);
  t.cache.clear("");
  EXPECT_EQ(t.cache.stats().bytes, 0u);
}

} // namespace
} // namespace authd::cache_memory
