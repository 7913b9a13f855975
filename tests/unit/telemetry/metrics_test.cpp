// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "telemetry/exposition.h"
#include "telemetry/metrics_json.h"

namespace authd::telemetry {
namespace {

using std::chrono::microseconds;

double value_of(const Family& family, const std::vector<std::string>& labels) {
  for (const Point& point : family.points) {
    if (point.labels == labels) return point.value;
  }
  return -1;
}

TEST(Metrics, SumOverThreadsAlsoThoseThatHaveEnded) {
  Metrics metrics;
  const auto coalesced = metrics.counter(Id::lookup_coalesced, {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) metrics.add(coalesced);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::thread([&] { metrics.add(coalesced, 5); }).join(); // takes over the shard of one that has ended
  EXPECT_EQ(value_of(metrics.collect("test")[Id::lookup_coalesced], {}), 4005);
}

TEST(Metrics, OfTwoKindsDoNotMixInOneThread) {
  Metrics one;
  Metrics two;
  const auto of_one = one.counter(Id::lookup_coalesced, {});
  const auto of_two = two.counter(Id::lookup_coalesced, {});
  one.add(of_one);
  two.add(of_two, 10);
  one.add(of_one);
  EXPECT_EQ(value_of(one.collect("test")[Id::lookup_coalesced], {}), 2);
  EXPECT_EQ(value_of(two.collect("test")[Id::lookup_coalesced], {}), 10);
}

TEST(Metrics, PutAValueIntoTheBucketWhoseBoundItDoesNotExceed) {
  Metrics metrics;
  const auto signing = metrics.histogram(Id::jwt_generation, {});
  for (const microseconds value : {microseconds(100), microseconds(101), microseconds(11'000'000)}) {
    metrics.observe(signing, value);
  }
  const Point point = metrics.collect("test")[Id::jwt_generation].points.at(0);
  EXPECT_EQ(point.buckets.at(0), 1U);
  EXPECT_EQ(point.buckets.at(1), 1U);
  EXPECT_EQ(point.buckets.back(), 1U);
  EXPECT_EQ(point.count(), 3U);
  EXPECT_DOUBLE_EQ(point.sum, 11.000201);
}

TEST(Metrics, CountAsOneWhatIsBeyondTheBoundOfSeries) {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::kMaxSeries + 50; ++i) {
    metrics.add(metrics.counter(Id::token_failures, {std::to_string(i)}));
  }
  const Snapshot snapshot = metrics.collect("test");
  const Family& family = snapshot[Id::token_failures];
  EXPECT_EQ(family.points.size(), Metrics::kMaxSeries + 1);
  EXPECT_EQ(value_of(family, {"other"}), 50);
}

TEST(Metrics, AskASourceUntilItsHandleEnds) {
  Metrics metrics;
  auto handle = metrics.add_source([](Reading& reading) { reading.set(Id::lane_queue_depth, {}, 7); });
  EXPECT_EQ(value_of(metrics.collect("test")[Id::lane_queue_depth], {}), 7);
  handle.reset();
  EXPECT_TRUE(metrics.collect("test")[Id::lane_queue_depth].points.empty());
}

TEST(Exposition, HasCumulativeBucketsAndTheSuffixOfCounters) {
  Metrics metrics;
  metrics.observe(metrics.histogram(Id::kong_operation_time, {"list"}), microseconds(200));
  metrics.add(metrics.counter(Id::kong_operations, {"list", "ok"}), 3);
  metrics.add(metrics.counter(Id::token_failures, {"AUTH_002"}));
  const std::string text = exposition(metrics.collect("test"), TextFormat::prometheus);
  for (const char* line :
       {"# TYPE kong_operations_total counter\n", "kong_operations_total{operation=\"list\",result=\"ok\"} 3\n",
        "token_failures_total{code=\"AUTH_002\"} 1\n",
        "kong_operation_seconds_bucket{operation=\"list\",le=\"0.0001\"} 0\n",
        "kong_operation_seconds_bucket{operation=\"list\",le=\"1.0\"} 1\n",
        "kong_operation_seconds_bucket{operation=\"list\",le=\"+Inf\"} 1\n",
        "kong_operation_seconds_count{operation=\"list\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("# EOF"), std::string::npos);
  EXPECT_EQ(text.find("_total_total"), std::string::npos);
}

TEST(Exposition, NamesCountersOfOpenMetricsWithoutTheirSuffixAndEnds) {
  Metrics metrics;
  metrics.add(metrics.counter(Id::token_failures, {"AUTH_002"}));
  const std::string text = exposition(metrics.collect("test"), TextFormat::open_metrics);
  EXPECT_NE(text.find("# TYPE token_failures counter\ntoken_failures_total{code=\"AUTH_002\"} 1\n"), std::string::npos)
      << text;
  EXPECT_EQ(text.substr(text.size() - 6), "# EOF\n");
}

TEST(Exposition, EscapesLabelValues) {
  Metrics metrics;
  metrics.add(metrics.counter(Id::cache_evictions, {"a\"b\\c\nd"}));
  EXPECT_NE(exposition(metrics.collect("test"), TextFormat::prometheus).find("tier=\"a\\\"b\\\\c\\nd\""),
            std::string::npos);
}

TEST(MetricsJson, KnowsEveryViewThatItNames) {
  Metrics metrics;
  for (const std::string_view name : view_names()) {
    const auto view = view_named(name);
    ASSERT_TRUE(view) << name;
    const std::string text = metrics_json(metrics.collect("test"), {}, *view);
    EXPECT_EQ(text.front(), '{');
    EXPECT_EQ(text.find("\"infrastructure\"") != std::string::npos, name == "infrastructure" || name == "full") << text;
  }
  EXPECT_FALSE(view_named("nonsense"));
}

} // namespace
} // namespace authd::telemetry
