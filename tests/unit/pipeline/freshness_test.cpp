// SPDX-License-Identifier: Apache-2.0
#include "pipeline/freshness.h"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

using std::chrono::minutes;

constexpr milliseconds kTtl{100'000};
constexpr minutes kStale{30};

std::int64_t fetched_ago(milliseconds age) { return unix_millis(wall_now() - age); }

TEST(Freshness, OfARemoteCopyGoesFromFreshOverDueAndStaleToGone) {
  const FreshnessClock clock(0.2, seconds(2));
  const auto of = [&](milliseconds age) { return clock.of_remote(fetched_ago(age), kTtl, kStale); };
  EXPECT_EQ(of(milliseconds(0)), Freshness::fresh);
  EXPECT_EQ(of(milliseconds(79'000)), Freshness::fresh);
  EXPECT_EQ(of(milliseconds(81'000)), Freshness::due);
  EXPECT_EQ(of(milliseconds(99'000)), Freshness::due);
  EXPECT_EQ(of(milliseconds(101'000)), Freshness::stale);
  EXPECT_EQ(of(kTtl + kStale + seconds(1)), Freshness::gone);
}

TEST(Freshness, IsNeverDueWithoutRefreshAhead) {
  const FreshnessClock clock(0, seconds(2));
  EXPECT_EQ(clock.of_remote(fetched_ago(milliseconds(99'900)), kTtl, kStale), Freshness::fresh);
  const ChannelPeriods channels;
  EXPECT_EQ(clock.of_local(clock.stamp(milliseconds(1), channels.current()), channels), Freshness::fresh);
}

TEST(Freshness, OfALocalCopyIsDueInTheLastPartAtDifferentTimes) {
  const FreshnessClock clock(0.2, seconds(2));
  const std::int64_t now = unix_millis(wall_now());
  std::int64_t earliest = std::numeric_limits<std::int64_t>::max();
  std::int64_t latest = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t due_in = clock.stamp(kTtl, 1).due_at_ms - now;
    earliest = std::min(earliest, due_in);
    latest = std::max(latest, due_in);
  }
  EXPECT_GE(earliest, 80'000);
  EXPECT_LE(latest, 95'000) << "a quarter of the last part is left for the refresh";
  EXPECT_GT(latest - earliest, 8'000) << "copies that came at once become due at once";
}

TEST(Freshness, OfACopyFromBeforeAChannelWasRestoredIsSuspectForAGraceAndThenStale) {
  ChannelPeriods channels;
  const FreshnessClock patient(0.2, minutes(1));
  const FreshnessClock strict(0.2, milliseconds(0));
  const LocalStamp before = patient.stamp(kTtl, channels.current());
  EXPECT_EQ(patient.of_local(before, channels), Freshness::fresh);
  channels.restored(steady_now());
  EXPECT_EQ(patient.of_local(before, channels), Freshness::suspect);
  EXPECT_EQ(strict.of_local(before, channels), Freshness::stale);
  EXPECT_EQ(strict.of_local(strict.stamp(kTtl, channels.current()), channels), Freshness::fresh);
}

// A tier that outlives the process: what was invalidated meanwhile was not heard.
TEST(Freshness, OfACopyOfAnEarlierProcessIsInDoubt) {
  const FreshnessClock clock(0.2, minutes(1));
  const ChannelPeriods earlier;
  const ChannelPeriods now;
  EXPECT_NE(clock.of_local(clock.stamp(kTtl, earlier.current()), now), Freshness::fresh);
}

TEST(Freshness, RulesAnswerEveryQuestion) {
  EXPECT_TRUE(rule(Freshness::fresh).signs && !rule(Freshness::fresh).asks && rule(Freshness::fresh).ends_refresh);
  EXPECT_TRUE(rule(Freshness::due).signs && rule(Freshness::due).asks && !rule(Freshness::due).ends_refresh);
  EXPECT_TRUE(rule(Freshness::suspect).signs && rule(Freshness::suspect).asks);
  EXPECT_TRUE(!rule(Freshness::stale).signs && rule(Freshness::stale).last_resort);
  EXPECT_TRUE(!rule(Freshness::gone).signs && !rule(Freshness::gone).last_resort);
}

TEST(LocalStamp, IsCutOffAgainAndLeavesTheRecord) {
  std::string value = "record";
  LocalStamp{17, 42}.append_to(value);
  const auto stamp = LocalStamp::take_from(value);
  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->due_at_ms, 17);
  EXPECT_EQ(stamp->period, 42u);
  EXPECT_EQ(value, "record");
  EXPECT_FALSE(LocalStamp::take_from(value)) << "too short to have one";
}

} // namespace
} // namespace authd::pipeline
