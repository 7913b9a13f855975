// SPDX-License-Identifier: Apache-2.0
#include "telemetry/traffic.h"

#include <thread>

#include <gtest/gtest.h>

namespace authd::telemetry {
namespace {

constexpr unsigned kReactors = 2;

// So many requests with these statuses, each answered in 3 ms (the bucket up to 5 ms).
void count(Metrics& metrics, std::uint64_t answered, std::uint64_t refused) {
  metrics.add(metrics.counter(Id::http_requests, {"GET", "/tokens", "200"}), answered);
  metrics.add(metrics.counter(Id::http_requests, {"GET", "/tokens", "503"}), refused);
  metrics.add(metrics.counter(Id::jwt_tokens_generated, {"HS256"}), answered);
  for (std::uint64_t i = 0; i < answered + refused; ++i) {
    metrics.observe(metrics.histogram(Id::http_response_time, {"/tokens"}), milliseconds(3));
    metrics.observe(metrics.histogram(Id::reactor_loop_delay, {"1"}), milliseconds(3));
  }
}

TrafficReading reading_of(const Metrics& metrics, SteadyTime at) {
  TrafficReading reading(kReactors);
  EXPECT_TRUE(reading.take(metrics));
  reading.at = at;
  return reading;
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
  Metrics metrics;
  count(metrics, 100, 10);
  const TrafficReading before = reading_of(metrics, start);
  count(metrics, 200, 50);
  const Traffic between = reading_of(metrics, start + seconds(10)).since(before);
  EXPECT_DOUBLE_EQ(between.requests_per_s, 25);
  EXPECT_DOUBLE_EQ(between.tokens_per_s, 20);
  EXPECT_DOUBLE_EQ(between.errors_per_s, 5);
  EXPECT_DOUBLE_EQ(between.p50_ms, 3.75);
  EXPECT_DOUBLE_EQ(between.p99_ms, 4.975);
  ASSERT_EQ(between.loop_delay_ms.size(), kReactors);
  EXPECT_EQ(between.loop_delay_ms[0], 0);
  EXPECT_DOUBLE_EQ(between.loop_delay_ms[1], 4.975);
}

TEST(TrafficReadings, WithoutTrafficAreZero) {
  const SteadyTime start = steady_now();
  Metrics metrics;
  count(metrics, 100, 10);
  const Traffic none = reading_of(metrics, start + seconds(10)).since(reading_of(metrics, start));
  EXPECT_EQ(none.requests_per_s, 0);
  EXPECT_EQ(none.p99_ms, 0);
}

TEST(TrafficReadings, JustAfterTheStartClaimNoHigherRateThanInASecond) {
  const SteadyTime start = steady_now();
  Metrics metrics;
  const TrafficReading before = reading_of(metrics, start);
  count(metrics, 10, 0);
  EXPECT_DOUBLE_EQ(reading_of(metrics, start + milliseconds(1)).since(before).requests_per_s, 10);
}

TEST(TrafficWindow, KnowsTheRateAtOnceAndForgetsWhatIsTenSecondsOld) {
  Metrics metrics;
  const TrafficWindow window(metrics, kReactors);
  const SteadyTime start = steady_now();
  count(metrics, 10, 0);
  EXPECT_DOUBLE_EQ(window.now().requests_per_s, 10);
  while (window.now().requests_per_s > 0 && steady_now() < start + seconds(30)) {
    std::this_thread::sleep_for(milliseconds(50)); // ten seconds are long for turning
  }
  EXPECT_GE(steady_now(), start + seconds(10));
  EXPECT_EQ(window.now().requests_per_s, 0);
}

} // namespace
} // namespace authd::telemetry
