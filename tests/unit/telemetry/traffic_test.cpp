// SPDX-License-Identifier: Apache-2.0
#include "telemetry/traffic.h"

#include <atomic>

#include <gtest/gtest.h>

namespace authd::telemetry {
namespace {

Snapshot empty_snapshot() {
  Snapshot snapshot{wall_now(), wall_now(), {}};
  for (const Instrument& i : instruments()) snapshot.families.push_back({&i, {}});
  return snapshot;
}

// So many requests with these statuses, each answered in 3 ms (the bucket up to 5 ms).
Snapshot traffic(double answered, double refused) {
  Snapshot snapshot = empty_snapshot();
  const auto points = [&](Id id) -> std::vector<Point>& {
    return snapshot.families[static_cast<std::size_t>(id)].points;
  };
  points(Id::http_requests) = {{{"GET", "/tokens", "200"}, answered}, {{"GET", "/tokens", "503"}, refused}};
  points(Id::jwt_tokens_generated) = {{{"HS256"}, answered}};
  Point times{{"/tokens"}};
  times.buckets.resize(kBuckets);
  times.buckets[5] = static_cast<std::uint64_t>(answered + refused);
  points(Id::http_response_time) = {times};
  times.labels = {"1"};
  points(Id::reactor_loop_delay) = {times};
  return snapshot;
}

TEST(Quantile, IsLinearWithinItsBucket) {
  std::vector<std::uint64_t> buckets(kBuckets);
  EXPECT_EQ(quantile(buckets, 0.5), 0);
  buckets[9] = 100; // 0.05 to 0.1 s
  EXPECT_DOUBLE_EQ(quantile(buckets, 0.5), 0.075);
  EXPECT_DOUBLE_EQ(quantile(buckets, 1), 0.1);
  buckets[0] = 100;
  EXPECT_DOUBLE_EQ(quantile(buckets, 0.25), 0.00005);
  EXPECT_DOUBLE_EQ(quantile(buckets, 0.75), 0.075);
}

TEST(Quantile, AboveTheLastBoundIsThatBound) {
  std::vector<std::uint64_t> buckets(kBuckets);
  buckets.back() = 1;
  EXPECT_EQ(quantile(buckets, 0.5), 10);
}

TEST(TrafficReadings, TellRatesAndLatenciesOfTheTimeBetweenThem) {
  const SteadyTime start = steady_now();
  const Traffic between =
      TrafficReading(traffic(300, 60), start + seconds(10)).since(TrafficReading(traffic(100, 10), start));
  EXPECT_DOUBLE_EQ(between.requests_per_s, 25);
  EXPECT_DOUBLE_EQ(between.tokens_per_s, 20);
  EXPECT_DOUBLE_EQ(between.errors_per_s, 5);
  EXPECT_DOUBLE_EQ(between.p50_ms, 3.75);
  EXPECT_DOUBLE_EQ(between.p99_ms, 4.975);
  EXPECT_DOUBLE_EQ(between.loop_delay_ms.at("1"), 4.975);
}

TEST(TrafficReadings, WithoutTrafficAreZero) {
  const SteadyTime start = steady_now();
  const Traffic none =
      TrafficReading(traffic(100, 10), start + seconds(10)).since(TrafficReading(traffic(100, 10), start));
  EXPECT_EQ(none.requests_per_s, 0);
  EXPECT_EQ(none.p99_ms, 0);
}

TEST(TrafficReadings, JustAfterTheStartClaimNoHigherRateThanInASecond) {
  const SteadyTime start = steady_now();
  EXPECT_DOUBLE_EQ(TrafficReading(traffic(10, 0), start + milliseconds(1))
                       .since(TrafficReading(empty_snapshot(), start))
                       .requests_per_s,
                   10);
}

TEST(TrafficWindow, TakesReadingsByItselfAndKnowsTheRateAtOnce) {
  std::atomic<int> taken{0};
  const TrafficWindow window([&] {
    ++taken;
    return empty_snapshot();
  });
  EXPECT_DOUBLE_EQ(window.until(traffic(10, 0)).requests_per_s, 10);
  const SteadyTime limit = steady_now() + seconds(20);
  while (taken < 3 && steady_now() < limit) std::this_thread::yield();
  EXPECT_GE(taken, 3);
  EXPECT_GT(window.until(traffic(10, 0)).requests_per_s, 0);
}

} // namespace
} // namespace authd::telemetry
