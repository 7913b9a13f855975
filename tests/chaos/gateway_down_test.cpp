// SPDX-License-Identifier: Apache-2.0
// What warm consumers notice of a Kong that is gone, slow, or failing: nothing.
#include <algorithm>
#include <cstdio>

#include <gtest/gtest.h>

#include "crowd.h"
#include "load.h"

namespace authd::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(GatewayDown, WarmConsumersGetTheirTokensWhileKongIsKilledForLongerThanTheTtl) {
  const Crowd crowd(2000);
  auto kong = kong_with(crowd);
  AuthdProcess authd(config_for(*kong, {memory_tier("1s")}), {});
  authd.await_ready();
  const LoadReport warming = ask_each({authd.port()}, crowd.ids);
  ASSERT_EQ(warming.failed(), 0u) << warming.text();

  Load load({{authd.port()}, crowd.ids});
  load.go_on(seconds(2));
  const LoadReport before = load.take();
  const std::uint16_t port = kong->port();
  kong.reset();
  load.go_on(seconds(5));
  const LoadReport during = load.take();
  kong = kong_with(crowd, port);
  EXPECT_TRUE(load.until([&] { return kong->traffic()[KongOperation::list] > 0; }, seconds(30)));
  const LoadReport after = load.stop();

  std::printf("Kong killed for 5 s, TTL 1 s, %zu consumers\n  before: %s\n  during: %s\n  after:  %s\n",
              crowd.ids.size(), before.text().c_str(), during.text().c_str(), after.text().c_str());
  EXPECT_GE(during.total(), crowd.ids.size()) << "not every consumer was asked for";
  EXPECT_EQ(before.failed() + during.failed() + after.failed(), 0u);
}

TEST(GatewayDown, AConsumerAskedForContinuouslyNeverWaitsForKong) {
  constexpr milliseconds kKongTakes{200};
  const Crowd crowd(1);
  const auto kong = kong_with(crowd);
  AuthdProcess authd(config_for(*kong, {memory_tier("2s")}), {});
  authd.await_ready();
  ASSERT_EQ(ask_each({authd.port()}, crowd.ids).failed(), 0u);
  KongFault slow;
  slow.delay = kKongTakes;
  kong->set_fault(KongOperation::list, slow);
  kong->forget_traffic();

  Load::Options steady{{authd.port()}, crowd.ids};
  steady.connections = 1;
  steady.per_second = 50;
  Load load(steady);
  load.go_on(seconds(12));
  const LoadReport report = load.stop();
  const std::size_t lists = kong->traffic()[KongOperation::list];
  std::printf("12 s at 50/s, TTL 2 s, Kong takes 200 ms: %zu lists, %s\n", lists, report.text().c_str());
  EXPECT_EQ(report.failed(), 0u);
  // Refreshed when a fifth of the TTL is left: every 1.8 s.
  EXPECT_GE(lists, 5u);
  EXPECT_LE(lists, 8u);
  const auto waited = std::count_if(report.took_us.begin(), report.took_us.end(),
                                    [&](std::int64_t us) { return std::chrono::microseconds(us) >= kKongTakes; });
  EXPECT_EQ(waited, 0);
}

TEST(GatewayDown, AKongThatFailsHalfItsCallsGetsATenthMoreOfThemAtMost) {
  constexpr std::size_t kFree = 10; // retries that are there from the start
  const Crowd crowd(2000);
  const auto kong = kong_with(crowd);
  Settings settings(kong->url());
  settings.set("breaker", "error_threshold", "100").set_text("cache", "ttl", "1h");
  settings.set("lookup", "refresh_ahead", "0.0");
  AuthdProcess authd(settings);
  authd.await_ready();
  KongFault every_other;
  every_other.kind = KongFault::Kind::html_502;
  every_other.one_in = 2;
  kong->set_fault(KongOperation::list, every_other);
  kong->forget_traffic();

  const LoadReport report = ask_each({authd.port()}, crowd.ids);
  const std::size_t lists = kong->traffic()[KongOperation::list];
  std::printf("Kong fails every other call: %zu lookups made %zu calls (+%zu); %s\n", crowd.ids.size(), lists,
              lists - std::min(lists, crowd.ids.size()), report.text().c_str());
  // No fewer than lookups: the breaker held none of them back, so each was a call at least.
  EXPECT_GT(lists, crowd.ids.size());
  EXPECT_LE(lists, crowd.ids.size() + crowd.ids.size() / 10 + kFree);
}

} // namespace
} // namespace authd::test
