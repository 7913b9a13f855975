// SPDX-License-Identifier: Apache-2.0
// The rate limit that instances share: GCRA in Redis, held against base/gcra.h.
#include <atomic>
#include <thread>
#include <vector>

#include "base/gcra.h"
#include "support/redis_server.h"
#include "tier_fixture.h"

namespace authd::test {
namespace {

using Clock = std::chrono::steady_clock;

class TakeFromRedis : public testing::Test {
 protected:
  static authd_status take(Tier& tier, authd_verdict& verdict, std::int64_t max_requests, milliseconds window,
                           std::int64_t cost = 1, std::string_view key = "authd:rate:v1:alice") {
    return tier.take(key, max_requests, window, cost, verdict);
  }

  RedisServer redis_;
  Tier tier_{redis_.url()};
};

TEST_F(TakeFromRedis, CountsAsTheLocalRuleDoes) {
  for (const std::int64_t max_requests : {1, 3, 7, 100}) {
    const milliseconds window = std::chrono::hours(1); // so long that nothing comes back meanwhile
    const Gcra rule(max_requests, window);
    Gcra::Nanoseconds busy_until = 0;
    const std::string key = "authd:rate:v1:" + std::to_string(max_requests);
    for (std::int64_t i = 0; i < max_requests + 2; ++i) {
      authd_verdict verdict{};
      ASSERT_EQ(take(tier_, verdict, max_requests, window, 1, key), AUTHD_OK) << tier_.why();
      const RateVerdict expected = rule.take(busy_until, 1);
      EXPECT_EQ(verdict.allowed != 0, expected.allowed) << i << " of " << max_requests;
      EXPECT_EQ(verdict.remaining, expected.remaining);
      EXPECT_EQ(verdict.limit, max_requests);
      // It has been some milliseconds since the first one.
      EXPECT_LE(verdict.reset_ms, expected.whole.count());
      EXPECT_GE(verdict.reset_ms, expected.whole.count() - 60'000);
      EXPECT_EQ(verdict.retry_after_ms == 0, expected.allowed);
    }
  }
}

TEST_F(TakeFromRedis, ACostCountsAsThatMany) {
  authd_verdict verdict{};
  ASSERT_EQ(take(tier_, verdict, 10, std::chrono::hours(1), 7), AUTHD_OK);
  EXPECT_EQ(verdict.remaining, 3);
  ASSERT_EQ(take(tier_, verdict, 10, std::chrono::hours(1), 4), AUTHD_OK);
  EXPECT_EQ(verdict.allowed, 0U);
  EXPECT_EQ(verdict.remaining, 3) << "what is refused costs nothing";
  ASSERT_EQ(take(tier_, verdict, 10, std::chrono::hours(1), 3), AUTHD_OK);
  EXPECT_EQ(verdict.allowed, 1U);
}

TEST_F(TakeFromRedis, IsAllowedAgainWhenItSaysSo) {
  authd_verdict verdict{};
  for (int i = 0; i < 3; ++i) ASSERT_EQ(take(tier_, verdict, 2, milliseconds(400)), AUTHD_OK);
  EXPECT_EQ(verdict.allowed, 0U);
  EXPECT_GT(verdict.retry_after_ms, 0);
  EXPECT_LE(verdict.retry_after_ms, 200);
  std::this_thread::sleep_for(milliseconds(verdict.retry_after_ms)); // time itself is what is awaited
  ASSERT_EQ(take(tier_, verdict, 2, milliseconds(400)), AUTHD_OK);
  EXPECT_EQ(verdict.allowed, 1U);
}

// The bound of spec/configuration.md, over two instances and eight clients.
TEST_F(TakeFromRedis, NeverAllowsMoreOverAllInstances) {
  constexpr std::int64_t kMost = 50;
  constexpr milliseconds kWindow{500};
  Tier other(redis_.url());
  std::atomic<std::int64_t> allowed{0}, asked{0};
  const auto begun = Clock::now();
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, i] {
      Tier& tier = i % 2 == 0 ? tier_ : other;
      while (Clock::now() - begun < seconds(2)) {
        authd_verdict verdict{};
        verdict.size = sizeof verdict;
        TestCall call;
        const std::string_view key = "authd:rate:v1:alice";
        ASSERT_EQ(tier.ops().take(tier.host().self(), call.abi(), str(key), kMost, kWindow.count(), 1, &verdict),
                  AUTHD_OK);
        allowed += verdict.allowed;
        ++asked;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const auto time = std::chrono::duration_cast<milliseconds>(Clock::now() - begun);
  EXPECT_LE(allowed, kMost + time.count() * kMost / kWindow.count() + 1);
  EXPECT_GE(allowed, kMost + 2000 * kMost / kWindow.count() - 2) << "and what is allowed is had";
  EXPECT_GT(asked, 2 * allowed) << "it was refused, too";
}

TEST_F(TakeFromRedis, TakesNothingOfWhatSomebodyElsePutThere) {
  const std::string key = "authd:rate:v1:alice";
  authd_verdict verdict{};
  for (const std::string garbage : {"", "x", "nan", "inf", "-inf", "1e300", "-1e300", "0x10"}) {
    redis_.run({"SET", key, garbage});
    ASSERT_EQ(take(tier_, verdict, 2, seconds(60)), AUTHD_OK) << garbage << ": " << tier_.why();
    EXPECT_LE(verdict.reset_ms, 60'000) << garbage;
    EXPECT_GE(verdict.reset_ms, 0) << garbage;
  }
  // Neither garbage nor a clock that was set back holds anybody up for longer than the window.
  redis_.run({"SET", key, "9999999999999999"});
  ASSERT_EQ(take(tier_, verdict, 2, milliseconds(300)), AUTHD_OK);
  EXPECT_EQ(verdict.allowed, 0U);
  std::this_thread::sleep_for(milliseconds(verdict.retry_after_ms)); // time itself is what is awaited
  ASSERT_EQ(take(tier_, verdict, 2, milliseconds(300)), AUTHD_OK);
  EXPECT_EQ(verdict.allowed, 1U);
  redis_.run({"DEL", key});
  redis_.run({"RPUSH", key, "a"});
  ASSERT_EQ(take(tier_, verdict, 2, seconds(60)), AUTHD_OK) << tier_.why();
  EXPECT_EQ(verdict.remaining, 1);
}

TEST_F(TakeFromRedis, RedisForgetsTheKeyWhenItsTimeHasPassed) {
  authd_verdict verdict{};
  for (int i = 0; i < 10; ++i) ASSERT_EQ(take(tier_, verdict, 10, seconds(100)), AUTHD_OK);
  const long left_ms = std::stol(redis_.run({"PTTL", "authd:rate:v1:alice"}));
  EXPECT_GT(left_ms, 90'000);
  EXPECT_LE(left_ms, 100'001);
}

TEST_F(TakeFromRedis, OutlivesAnInvalidationOfEverything) {
  authd_verdict verdict{};
  ASSERT_EQ(take(tier_, verdict, 10, seconds(100)), AUTHD_OK);
  ASSERT_EQ(tier_.set("authd:v1:alice", "v"), AUTHD_OK);
  ASSERT_EQ(tier_.clear("authd:v1:"), AUTHD_OK);
  ASSERT_EQ(tier_.clear(""), AUTHD_OK);
  EXPECT_EQ(tier_.get("authd:v1:alice"), AUTHD_NOT_FOUND);
  ASSERT_EQ(take(tier_, verdict, 10, seconds(100)), AUTHD_OK);
  EXPECT_EQ(verdict.remaining, 8);
}

TEST_F(TakeFromRedis, SaysWhenRedisRefuses) {
  redis_.run({"CONFIG", "SET", "maxmemory", "1"});
  authd_verdict verdict{};
  EXPECT_EQ(take(tier_, verdict, 10, seconds(100)), AUTHD_UNAVAILABLE) << tier_.why();
  redis_.run({"CONFIG", "SET", "maxmemory", "0"});
  redis_.run({"ACL", "SETUSER", "default", "-time"});
  EXPECT_NE(take(tier_, verdict, 10, seconds(100)), AUTHD_OK);
  EXPECT_NE(tier_.why().find("can't run this command"), std::string::npos) << tier_.why();
  redis_.kill();
  EXPECT_NE(take(tier_, verdict, 10, seconds(100)), AUTHD_OK);
}

// A rate beyond what whole microseconds can tell is counted more strictly, never less.
TEST_F(TakeFromRedis, OfAnAbsurdRateAllowsNoMore) {
  authd_verdict verdict{};
  ASSERT_EQ(take(tier_, verdict, 1'000'000'000, milliseconds(1)), AUTHD_OK);
  EXPECT_EQ(verdict.remaining, 999'999'999);
  EXPECT_LE(verdict.reset_ms, 1);
}

} // namespace
} // namespace authd::test
