// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rate_table.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

using std::chrono::seconds;

constexpr Gcra::Nanoseconds kSecond = 1'000'000'000;
constexpr Gcra::Nanoseconds kNow = 1'000'000 * kSecond;

std::string name(std::size_t n) { return "10000000-0000-4000-8000-" + std::to_string(100'000'000'000 + n); }

TEST(RateTable, CountsEachConsumerForItself) {
  RateTable table(1000);
  const Gcra rule(3, seconds(60));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(table.take("alice", rule, kNow).allowed, i < 3);
    EXPECT_EQ(table.take("bob", rule, kNow).remaining, std::max(0, 2 - i));
  }
  EXPECT_TRUE(table.take("alice", rule, kNow + 20 * kSecond).allowed);
  EXPECT_FALSE(table.take("alice", rule, kNow + 20 * kSecond).allowed);
}

TEST(RateTable, IsExactWhateverTheThreads) {
  constexpr std::size_t kConsumers = 50, kThreads = 8;
  constexpr std::int64_t kMost = 200;
  RateTable table(kConsumers);
  const Gcra rule(kMost, seconds(3600));
  std::vector<std::atomic<std::int64_t>> allowed(kConsumers);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 100 * kConsumers; ++i) {
        const std::size_t consumer = (i + t) % kConsumers;
        if (table.take(name(consumer), rule, kNow).allowed) ++allowed[consumer];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& count : allowed) EXPECT_EQ(count, kMost);
  EXPECT_EQ(table.evictions(), 0U);
}

// As the header promises: 52 bytes for each of a million that are busy at the same time.
TEST(RateTable, HasRoomForAMillion) {
  constexpr std::size_t kMillion = 1'000'000;
  RateTable table(kMillion);
  EXPECT_LE(table.bytes(), 52 * kMillion);
  const Gcra rule(1, seconds(60));
  std::size_t refused = 0;
  for (std::size_t i = 0; i < kMillion; ++i) EXPECT_TRUE(table.take(name(i), rule, kNow).allowed);
  for (std::size_t i = 0; i < kMillion; ++i) refused += table.take(name(i), rule, kNow).allowed ? 0 : 1;
  EXPECT_GE(refused, kMillion - 100);
  EXPECT_LE(table.evictions(), 200U);
  // All are gone a minute later, and others take their places.
  const std::uint64_t before = table.evictions();
  for (std::size_t i = 0; i < 100'000; ++i)
    EXPECT_TRUE(table.take(name(kMillion + i), rule, kNow + 60 * kSecond).allowed);
  EXPECT_EQ(table.evictions(), before);
}

TEST(RateTable, WhenFullReplacesTheOneThatIsNearestToItsEndAndCountsThat) {
  constexpr std::size_t kPlaces = 15; // of the only bucket
  RateTable table(1);
  const Gcra rule(100, seconds(100));
  for (std::size_t i = 0; i < kPlaces; ++i) {
    for (std::size_t n = 0; n <= kPlaces - i; ++n) table.take(name(i), rule, kNow);
  }
  EXPECT_EQ(table.evictions(), 0U);
  EXPECT_EQ(table.take("new", rule, kNow).remaining, 99);
  EXPECT_EQ(table.evictions(), 1U);
  EXPECT_EQ(table.take(name(0), rule, kNow).remaining, 100 - 17) << "the busiest is still counted";
  EXPECT_EQ(table.take(name(kPlaces - 1), rule, kNow).remaining, 99) << "the least busy was replaced";
  EXPECT_EQ(table.evictions(), 2U);
}

} // namespace
} // namespace authd::pipeline
