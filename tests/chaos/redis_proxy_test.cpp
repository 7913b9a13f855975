// SPDX-License-Identifier: Apache-2.0
// What warm consumers notice of a bad network between authd and Redis: nothing, least of all a secret that is
// not theirs.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "support/redis_server.h"
#include "support/tcp_proxy.h"
#include "warm.h"

namespace authd::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RedisBehindAProxy : public testing::Test {
 protected:
  void begin(const char* what) {
    std::printf("Redis behind a proxy: %s\n", what);
    warm_ = std::make_unique<Warm>("redis://127.0.0.1:" + std::to_string(proxy_.port()));
  }
  void spoil(const char* when, WireFault fault, milliseconds duration = seconds(3)) {
    proxy_.set_fault(std::move(fault));
    warm_->run(when, duration);
  }
  // Emptied, Redis is filled again only by an authd that reaches it.
  void expect_the_tier_back() {
    proxy_.pass();
    ASSERT_EQ(redis_.run({"FLUSHALL"}), "OK");
    const auto keys = [this] { return std::stoul(redis_.run({"DBSIZE"})); };
    EXPECT_TRUE(warm_->load->until([&] { return keys() == warm_->crowd.ids.size(); }, seconds(30)))
        << "the tier did not come back: " << keys() << " keys";
    warm_->report("passed on again, until filled");
  }

  RedisServer redis_;
  TcpProxy proxy_{redis_.port()};
  std::unique_ptr<Warm> warm_;
};

TEST_F(RedisBehindAProxy, CutAgainAndAgainIsNotNoticed) {
  constexpr std::size_t kCuts = 40;
  begin("connections reset again and again");
  for (std::size_t i = 0; i < kCuts; ++i) {
    proxy_.cut();
    warm_->load->go_on(milliseconds(100));
  }
  warm_->report("reset ten times a second");
  std::printf("  %zu connections reset\n", proxy_.cuts());
  EXPECT_GE(proxy_.cuts(), kCuts);
  expect_the_tier_back();
}

TEST_F(RedisBehindAProxy, CutWithinItsRepliesIsNotNoticed) {
  begin("connections cut within a reply");
  WireFault fault;
  fault.cut_after = 100; // a value is longer
  spoil("closed after 100 bytes", fault);
  const std::size_t closed = proxy_.cuts();
  fault.reset = true;
  spoil("reset after 100 bytes", fault);
  std::printf("  %zu connections closed, %zu reset\n", closed, proxy_.cuts() - closed);
  EXPECT_GT(closed, 0u);
  EXPECT_GT(proxy_.cuts(), closed);
  expect_the_tier_back();
}

TEST_F(RedisBehindAProxy, DelayedIsNotNoticed) {
  begin("replies delayed");
  WireFault fault;
  fault.delay = milliseconds(20); // within cache[].read_timeout
  spoil("by 20 ms", fault);
  fault.delay = milliseconds(200); // beyond it
  spoil("by 200 ms", fault);
  expect_the_tier_back();
}

TEST_F(RedisBehindAProxy, ThrottledIsNotNoticed) {
  begin("replies throttled");
  WireFault fault;
  fault.bytes_per_second = 1000;
  spoil("to 1000 bytes a second each", fault);
  expect_the_tier_back();
}

TEST_F(RedisBehindAProxy, GarbledIsNotNoticed) {
  begin("bytes of replies flipped");
  for (const std::size_t one_in : {2000u, 97u, 7u}) {
    WireFault fault;
    fault.flip = [one_in](std::size_t offset, char) { return offset % one_in == one_in - 1; };
    const std::size_t before = proxy_.flips();
    spoil(("one in " + std::to_string(one_in)).c_str(), fault);
    std::printf("  %zu bytes flipped\n", proxy_.flips() - before);
    EXPECT_GT(proxy_.flips(), before);
  }
  expect_the_tier_back();
}

TEST_F(RedisBehindAProxy, SwallowedIsNotNoticed) {
  begin("nothing is passed on");
  WireFault fault;
  fault.black_hole = true;
  spoil("a black hole", fault);
  expect_the_tier_back();
}

TEST_F(RedisBehindAProxy, RefusedIsNotNoticed) {
  begin("connections refused");
  WireFault fault;
  fault.refuse = true;
  proxy_.set_fault(fault);
  proxy_.cut();
  const std::size_t accepted = proxy_.accepted();
  warm_->run("refused", seconds(3));
  EXPECT_EQ(proxy_.accepted(), accepted);
  expect_the_tier_back();
}

} // namespace
} // namespace authd::test
