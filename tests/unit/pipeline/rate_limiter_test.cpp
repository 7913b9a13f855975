// SPDX-License-Identifier: Apache-2.0
// Who counts when: the table of this process, or a tier for every instance.
#include "pipeline/rate_limiter.h"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

#include "scripted_gateway.h"
#include "scripted_tier.h"

namespace authd::pipeline {
namespace {

using test::ScriptedTier;

class RateLimiterTest : public testing::Test {
 protected:
  static config::RateLimit three_a_minute() {
    config::RateLimit settings;
    settings.max_requests = 3;
    return settings;
  }

  TierStack& stack_of(const ScriptedTier& tier) {
    std::vector<TierSlot> slots{{tier.tier(), milliseconds(1000), milliseconds(1000), milliseconds(5000)}};
    stack_ =
        std::make_unique<TierStack>(std::move(slots), FreshnessClock(0.2, milliseconds(2000)), Sealer({}), recorder_);
    return *stack_;
  }

  // What a worker says; nullopt: no worker is asked.
  std::optional<RateVerdict> shared(RateLimiter& limiter, const std::string& consumer = "alice") {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<RateVerdict> verdict;
    const auto done = [&](const RateVerdict& counted) {
      const std::lock_guard lock(mutex);
      verdict = counted;
      changed.notify_one();
    };
    if (!limiter.take_shared(consumer, steady_now(), done)) return std::nullopt;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, seconds(20), [&] { return verdict.has_value(); });
    return verdict;
  }

  test::CountingRecorder recorder_;
  std::unique_ptr<TierStack> stack_;
  BlockingLane lane_{2, 100};
};

TEST_F(RateLimiterTest, IsOffByDefault) {
  ScriptedTier tier("remote", AUTHD_CACHE_REMOTE);
  EXPECT_FALSE(RateLimiter({}, stack_of(tier), lane_, nullptr).is_on());
}

TEST_F(RateLimiterTest, HasATierCountForAllInstances) {
  ScriptedTier tier("remote", AUTHD_CACHE_REMOTE);
  RateLimiter one(three_a_minute(), stack_of(tier), lane_, nullptr);
  RateLimiter other(three_a_minute(), *stack_, lane_, nullptr);
  for (int i = 0; i < 4; ++i) {
    RateLimiter& limiter = i % 2 == 0 ? one : other;
    ASSERT_TRUE(limiter.is_shared(steady_now()));
    const auto verdict = shared(limiter);
    ASSERT_TRUE(verdict);
    EXPECT_TRUE(verdict->shared);
    EXPECT_EQ(verdict->allowed, i < 3);
    EXPECT_EQ(verdict->remaining, std::max(0, 2 - i));
    EXPECT_EQ(verdict->limit, 3);
  }
  EXPECT_EQ(tier.asked("take"), 4U);
}

TEST_F(RateLimiterTest, CountsByItselfWhereNoTierCan) {
  ScriptedTier cannot("remote", AUTHD_CACHE_REMOTE, AUTHD_ABI_MINOR, true, true, false);
  EXPECT_FALSE(RateLimiter(three_a_minute(), stack_of(cannot), lane_, nullptr).is_shared(steady_now()));
  ScriptedTier local("local", AUTHD_CACHE_NONBLOCKING);
  EXPECT_FALSE(RateLimiter(three_a_minute(), stack_of(local), lane_, nullptr).is_shared(steady_now()));
  ScriptedTier tier("remote", AUTHD_CACHE_REMOTE);
  config::RateLimit settings = three_a_minute();
  settings.shared = false;
  EXPECT_FALSE(RateLimiter(settings, stack_of(tier), lane_, nullptr).is_shared(steady_now()));
}

// Never open: its own count is the whole limit, from then on.
TEST_F(RateLimiterTest, CountsTheWholeLimitByItselfWhileTheTierFails) {
  ScriptedTier tier("remote", AUTHD_CACHE_REMOTE);
  RateLimiter limiter(three_a_minute(), stack_of(tier), lane_, nullptr);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(shared(limiter)->allowed);
  tier.fail("take", AUTHD_TIMEOUT);
  int allowed = 0;
  for (int i = 0; i < 20; ++i) {
    const SteadyTime now = steady_now();
    const auto verdict = limiter.is_shared(now) ? shared(limiter) : limiter.take_locally("alice", now);
    ASSERT_TRUE(verdict);
    EXPECT_FALSE(verdict->shared);
    allowed += verdict->allowed ? 1 : 0;
  }
  EXPECT_EQ(allowed, 3);
  EXPECT_LT(tier.asked("take"), 20U) << "its breaker spares the workers";
  EXPECT_FALSE(limiter.is_shared(steady_now()));
}

TEST_F(RateLimiterTest, KeepsItsCountsOverAReload) {
  ScriptedTier local("local", AUTHD_CACHE_NONBLOCKING);
  RateLimiter before(three_a_minute(), stack_of(local), lane_, nullptr);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(before.take_locally("alice", steady_now()).allowed);
  config::RateLimit settings = three_a_minute();
  settings.legacy_headers = true;
  RateLimiter after(settings, *stack_, lane_, &before);
  EXPECT_FALSE(after.take_locally("alice", steady_now()).allowed);
}

TEST_F(RateLimiterTest, SaysWhenNoWorkerHasTheTime) {
  ScriptedTier tier("remote", AUTHD_CACHE_REMOTE);
  RateLimiter limiter(three_a_minute(), stack_of(tier), lane_, nullptr);
  lane_.stop();
  EXPECT_FALSE(shared(limiter));
}

} // namespace
} // namespace authd::pipeline
