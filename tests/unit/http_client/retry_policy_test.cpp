// SPDX-License-Identifier: Apache-2.0
#include "http_client/retry_policy.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace authd::http_client {
namespace {

using How = AttemptEnd::How;

constexpr std::int64_t kPatient_ms = 60'000;
constexpr AttemptEnd kNoAnswer{How::no_answer};
constexpr AttemptEnd kDead{How::dead_connection};

AttemptEnd answered(int status, std::optional<milliseconds> retry_after = std::nullopt) {
  return {How::answered, status, retry_after};
}

int spendable(RetryBudget& budget) {
  int count = 0;
  while (budget.spend()) ++count;
  return count;
}

class RetryPolicyTest : public testing::Test {
 protected:
  RetryPolicy policy(std::uint32_t max_attempts, bool idempotent = true) {
    return {RetrySettings{max_attempts, milliseconds(100)}, idempotent, budget, chance};
  }

  double drawn = 0;
  const RetryPolicy::Chance chance = [this] { return drawn; };
  RetryBudget budget;
};

} // namespace

TEST(RetryBudget, AllowsAFewRetriesFromTheStart) {
  RetryBudget budget;
  EXPECT_EQ(spendable(budget), RetryBudget::kMostSaved);
}

TEST(RetryBudget, EarnsOneRetryInTenExchanges) {
  RetryBudget budget;
  spendable(budget);
  for (int i = 0; i < 9; ++i) budget.earn();
  EXPECT_FALSE(budget.spend());
  budget.earn();
  EXPECT_TRUE(budget.spend());
  EXPECT_FALSE(budget.spend());
}

TEST(RetryBudget, SavesNoMoreThanItsBound) {
  RetryBudget budget;
  for (int i = 0; i < 10'000; ++i) budget.earn();
  EXPECT_EQ(spendable(budget), RetryBudget::kMostSaved);
}

TEST(RetryBudget, HoldsForManyThreads) {
  constexpr int kThreads = 8, kExchanges = 2000;
  RetryBudget budget;
  std::atomic<int> spent{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kExchanges; ++i) {
        budget.earn();
        spent += budget.spend();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  spent += spendable(budget);
  EXPECT_LE(spent, kThreads * kExchanges / 10 + RetryBudget::kMostSaved);
  EXPECT_GE(spent, kThreads * kExchanges / 10);
}

TEST_F(RetryPolicyTest, RepeatsWhatMayBeBetterNextTime) {
  for (const AttemptEnd& end : {kNoAnswer, kDead, answered(429), answered(502), answered(503), answered(504)}) {
    EXPECT_TRUE(policy(2).wait_before_next(end, kPatient_ms)) << end.status;
  }
}

TEST_F(RetryPolicyTest, DoesNotRepeatWhatWillBeTheSame) {
  for (const AttemptEnd& end : {AttemptEnd{How::lost}, answered(200), answered(400), answered(401), answered(404),
                                answered(409), answered(500), answered(501), answered(505)}) {
    EXPECT_FALSE(policy(2).wait_before_next(end, kPatient_ms)) << end.status;
  }
}

TEST_F(RetryPolicyTest, NeverRepeatsWhatIsNotIdempotent) {
  for (const AttemptEnd& end : {kNoAnswer, kDead, answered(429, milliseconds(0)), answered(503)}) {
    EXPECT_FALSE(policy(10, false).wait_before_next(end, kPatient_ms)) << end.status;
  }
}

TEST_F(RetryPolicyTest, StopsAfterItsAttempts) {
  for (const std::uint32_t most : {1u, 2u, 5u}) {
    RetryPolicy tried = policy(most);
    std::uint32_t attempts = 1;
    while (tried.wait_before_next(kNoAnswer, kPatient_ms)) ++attempts;
    EXPECT_EQ(attempts, most);
    EXPECT_EQ(tried.attempts(), most);
  }
}

TEST_F(RetryPolicyTest, WaitsAnyTimeUpToACeilingThatDoubles) {
  for (const double chance_now : {0.0, 0.5, 0.999}) {
    drawn = chance_now;
    RetryPolicy tried = policy(10);
    for (const double ceiling : {100.0, 200.0, 400.0}) {
      EXPECT_EQ(tried.wait_before_next(kNoAnswer, kPatient_ms),
                milliseconds(static_cast<std::int64_t>(ceiling * drawn)));
    }
  }
}

TEST_F(RetryPolicyTest, DoesNotWaitAsLongAsTheRequester) {
  drawn = 0.5;
  EXPECT_FALSE(policy(2).wait_before_next(kNoAnswer, 50));
  EXPECT_EQ(policy(2).wait_before_next(kNoAnswer, 51), milliseconds(50));
  drawn = 0;
  EXPECT_FALSE(policy(2).wait_before_next(kNoAnswer, 0));
  EXPECT_FALSE(policy(2).wait_before_next(kDead, 0));
}

TEST_F(RetryPolicyTest, WaitsForRetryAfterAndTheJitterOnTop) {
  drawn = 0.5;
  const AttemptEnd limited = answered(429, milliseconds(2000));
  EXPECT_EQ(policy(2).wait_before_next(limited, 2051), milliseconds(2050));
  EXPECT_FALSE(policy(2).wait_before_next(limited, 2050));
}

TEST_F(RetryPolicyTest, ForgivesOneDeadConnectionAndWaitsForNothing) {
  drawn = 0.5;
  RetryPolicy single = policy(1);
  EXPECT_EQ(single.wait_before_next(kDead, kPatient_ms), milliseconds(0));
  EXPECT_FALSE(single.wait_before_next(kDead, kPatient_ms));
  RetryPolicy twice = policy(2);
  EXPECT_EQ(twice.wait_before_next(kDead, kPatient_ms), milliseconds(0));
  EXPECT_EQ(twice.wait_before_next(kNoAnswer, kPatient_ms), milliseconds(50));
  EXPECT_FALSE(twice.wait_before_next(kNoAnswer, kPatient_ms));
  EXPECT_EQ(twice.attempts(), 3u);
}

TEST_F(RetryPolicyTest, RepeatsNothingThatTheBudgetDoesNotAllow) {
  spendable(budget);
  EXPECT_FALSE(policy(2).wait_before_next(kNoAnswer, kPatient_ms));
  EXPECT_FALSE(policy(2).wait_before_next(kDead, kPatient_ms));
}

TEST_F(RetryPolicyTest, PaysOnlyForWhatItRepeats) {
  for (int i = 0; i < 50; ++i) {
    policy(1).wait_before_next(kNoAnswer, kPatient_ms);
    policy(2).wait_before_next(kNoAnswer, 0);
    policy(2).wait_before_next(answered(500), kPatient_ms);
    policy(2, false).wait_before_next(kNoAnswer, kPatient_ms);
  }
  EXPECT_EQ(spendable(budget), RetryBudget::kMostSaved);
}

TEST_F(RetryPolicyTest, EarnsWithEveryExchange) {
  spendable(budget);
  for (int i = 0; i < 5; ++i) {
    policy(2);
    policy(2, false);
  }
  EXPECT_EQ(spendable(budget), 1);
}

TEST_F(RetryPolicyTest, SurvivesSettingsBeyondAllReason) {
  drawn = 0.999;
  RetryPolicy tried(RetrySettings{UINT32_MAX, milliseconds(UINT32_MAX)}, true, budget, chance);
  for (int i = 0; i < RetryBudget::kMostSaved; ++i) {
    const auto wait = tried.wait_before_next(kNoAnswer, INT64_MAX);
    ASSERT_TRUE(wait);
    EXPECT_GT(wait->count(), 0);
  }
}

TEST(RetryAfter, IsSecondsOrADate) {
  const WallTime now = std::chrono::system_clock::from_time_t(784111777); // the date below
  EXPECT_EQ(parse_retry_after("0", now), milliseconds(0));
  EXPECT_EQ(parse_retry_after("120", now), milliseconds(120'000));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), milliseconds(10'000));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), milliseconds(0)) << "it is past";
}

TEST(RetryAfter, IsADayAtMost) {
  const WallTime now = std::chrono::system_clock::from_time_t(784111777);
  for (const char* text : {"999999999", "18446744073709551615", "Thu, 06 Nov 2042 08:49:37 GMT"}) {
    EXPECT_EQ(parse_retry_after(text, now), std::chrono::hours(24)) << text;
  }
}

TEST(RetryAfter, IsNothingWhenItIsNeither) {
  for (const char* text : {"", " ", "-1", "1.5", "1s", "soon", "18446744073709551616", "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 GMT+1", "Sun, 06 Nov 1994"}) {
    EXPECT_FALSE(parse_retry_after(text, wall_now())) << text;
  }
}

} // namespace authd::http_client
