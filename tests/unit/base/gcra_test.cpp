// SPDX-License-Identifier: Apache-2.0
#include "base/gcra.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace authd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Nanoseconds = Gcra::Nanoseconds;

constexpr Nanoseconds kMs = 1'000'000;
constexpr Nanoseconds kNow = 1'000'000 * kMs;

struct Limit {
  std::int64_t max_requests;
  std::chrono::nanoseconds window;
};
// Steps that are whole and that are not, of which one is mostly rounding, and the longest window.
constexpr Limit kLimits[] = {{1, milliseconds(1)},
                             {1, seconds(60)},
                             {3, seconds(1)},
                             {7, milliseconds(1)},
                             {100, seconds(60)},
                             {1000, seconds(1)},
                             {999'999, seconds(1)},
                             {11, milliseconds(86'400'000)},
                             {1'000'000'000, seconds(1)},
                             {7, std::chrono::nanoseconds(10)}};

int allowed_at_once(const Gcra& rule, Nanoseconds& busy_until, Nanoseconds now, int at_most) {
  int count = 0;
  while (count < at_most && rule.take(busy_until, now).allowed) ++count;
  return count;
}

TEST(Gcra, AllowsTheWholeLimitAtOnceAndNotOneMore) {
  for (const auto& [max_requests, window] : kLimits) {
    if (max_requests > 2'000'000) continue;
    Nanoseconds busy_until = 0;
    EXPECT_EQ(allowed_at_once(Gcra(max_requests, window), busy_until, kNow, 2'000'000), max_requests) << max_requests;
  }
}

// The promise: spec/configuration.md, rate_limit. Every interval between two requests that were allowed is looked at.
TEST(Gcra, NeverAllowsMoreThanTheLimitWithinAnyTime) {
  std::mt19937_64 random(1);
  for (const auto& [max_requests, window] : kLimits) {
    const Gcra rule(max_requests, window);
    const Nanoseconds window_ns = window.count();
    // Twice as many as are allowed, in bursts.
    std::uniform_int_distribution<Nanoseconds> pause(0, 1 + window_ns / max_requests);
    Nanoseconds busy_until = 0, now = kNow;
    std::vector<Nanoseconds> allowed;
    for (int i = 0; i < 2000; ++i) {
      if (rule.take(busy_until, now).allowed) allowed.push_back(now);
      now += i % 10 == 0 ? 5 * pause(random) : pause(random) / 2;
    }
    for (std::size_t first = 0; first < allowed.size(); ++first) {
      for (std::size_t last = first; last < allowed.size(); ++last) {
        const Nanoseconds time = allowed[last] - allowed[first];
        const auto bound = max_requests + time * max_requests / window_ns;
        ASSERT_LE(static_cast<std::int64_t>(last - first + 1), bound)
            << max_requests << " in " << window.count() << " ns";
      }
    }
  }
}

TEST(Gcra, SaysHowManyAreLeftAndWhenTheNextOneIs) {
  std::mt19937_64 random(2);
  for (const auto& [max_requests, window] : kLimits) {
    const Gcra rule(max_requests, window);
    Nanoseconds busy_until = 0, now = kNow;
    for (int i = 0; i < 200; ++i) {
      now += static_cast<Nanoseconds>(random() % 3) * window.count() / 5;
      const RateVerdict verdict = rule.take(busy_until, now);
      EXPECT_EQ(verdict.limit, max_requests);
      if (verdict.remaining < 1000) {
        Nanoseconds copy = busy_until;
        EXPECT_EQ(allowed_at_once(rule, copy, now, 2000), verdict.remaining);
        EXPECT_FALSE(rule.take(copy, now).allowed);
        EXPECT_TRUE(rule.take(copy, now + verdict.next.count() * kMs).allowed) << "as it was told";
      }
      Nanoseconds copy = busy_until;
      const int whole = static_cast<int>(std::min<std::int64_t>(max_requests, 3000));
      EXPECT_EQ(allowed_at_once(rule, copy, now + verdict.whole.count() * kMs, whole), whole);
    }
  }
}

TEST(Gcra, ARefusedRequestCostsNothing) {
  const Gcra rule(2, seconds(1));
  Nanoseconds busy_until = 0;
  EXPECT_EQ(allowed_at_once(rule, busy_until, kNow, 10), 2);
  const Nanoseconds before = busy_until;
  for (int i = 0; i < 10; ++i) rule.take(busy_until, kNow);
  const RateVerdict refused = rule.take(busy_until, kNow);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(busy_until, before);
  EXPECT_EQ(refused.remaining, 0);
  EXPECT_EQ(refused.next, milliseconds(500));
  EXPECT_EQ(refused.whole, seconds(1));
}

// By a reload, with the counts of before.
TEST(Gcra, ALowerLimitHoldsAConsumerUpForNoLongerThanItsOwnWindow) {
  Nanoseconds busy_until = 0;
  EXPECT_EQ(allowed_at_once(Gcra(100, seconds(3600)), busy_until, kNow, 100), 100);
  const Gcra lower(10, seconds(1));
  EXPECT_FALSE(lower.take(busy_until, kNow).allowed);
  EXPECT_LE(lower.take(busy_until, kNow).whole, seconds(1));
  EXPECT_EQ(allowed_at_once(lower, busy_until, kNow + 1000 * kMs, 100), 10);
}

} // namespace
} // namespace authd
