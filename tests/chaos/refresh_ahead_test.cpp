// SPDX-License-Identifier: Apache-2.0
// Consumers in steady use, memory over Redis: their copies are refreshed before they expire, by one look at
// Redis and one list of Kong each time.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <gtest/gtest.h>

#include "crowd.h"
#include "load.h"
#include "support/redis_server.h"

namespace authd::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kKongTakes{200};
constexpr seconds kTtl{3};
constexpr seconds kDuration{8};
// Copies live until they are due, in the last fifth of the TTL: so many of them end during the load at most.
constexpr std::size_t kLives = 4; // 8 s / 2.4 s, rounded up

class RefreshAhead : public testing::Test {
 protected:
  void start(std::size_t instances) {
    kong_ = kong_with(crowd_);
    const std::string config = config_for(*kong_, {memory_tier("3s"), redis_tier(redis_.url(), "3s")});
    for (std::size_t i = 0; i < instances; ++i) {
      authds_.push_back(std::make_unique<AuthdProcess>(config, Environment{}));
      ports_.push_back(authds_.back()->await_ready());
      ASSERT_EQ(ask_each({ports_.back()}, crowd_.ids).failed(), 0u);
    }
    KongFault slow;
    slow.delay = kKongTakes;
    kong_->set_fault(slow);
    kong_->forget_traffic();
    redis_.run({"CONFIG", "RESETSTAT"});
  }

  // Each consumer comes more than twenty times a second to each instance, so that none is missed while it is
  // due.
  LoadReport use_steadily() {
    Load::Options steady{ports_, crowd_.ids};
    steady.connections = static_cast<unsigned>(2 * ports_.size());
    steady.per_second = static_cast<unsigned>(25 * crowd_.ids.size() * ports_.size());
    Load load(steady);
    load.go_on(kDuration);
    const LoadReport report = load.stop();
    std::printf("%zu instances, %zu consumers, TTL %lld s in both tiers, Kong takes %lld ms: %zu lists, %zu reads "
                "of Redis; %s\n",
                ports_.size(), crowd_.ids.size(), static_cast<long long>(kTtl.count()),
                static_cast<long long>(kKongTakes.count()), lists(), redis_reads(), report.text().c_str());
    return report;
  }

  std::size_t lists() const { return kong_->traffic()[KongOperation::list]; }
  std::size_t redis_reads() const { return redis_.calls_of("getrange"); }
  // 1.2 times what this many lives need.
  static std::size_t a_fifth_more_than(std::size_t lives) { return lives * 12 / 10; }

  const Crowd crowd_{20};
  RedisServer redis_;
  std::unique_ptr<FakeKong> kong_;
  std::vector<std::unique_ptr<AuthdProcess>> authds_;
  std::vector<std::uint16_t> ports_;
};

// Without a refresh in time it is one for each list. A machine that stalls for so long makes a few as well.
std::size_t waited(const LoadReport& report) {
  return static_cast<std::size_t>(std::count_if(report.took_us.begin(), report.took_us.end(), [](std::int64_t us) {
    return std::chrono::microseconds(us) >= kKongTakes;
  }));
}

TEST_F(RefreshAhead, WithTwoTiersKeepsEverybodyFromWaitingAndReadsRedisOnceForEachCopy) {
  start(1);
  const LoadReport report = use_steadily();
  EXPECT_EQ(report.failed(), 0u);
  EXPECT_LT(waited(report), lists() / 10);
  EXPECT_GE(lists(), 2 * crowd_.ids.size());
  EXPECT_LE(lists(), kLives * crowd_.ids.size());
  EXPECT_LE(redis_reads(), a_fifth_more_than(kLives * crowd_.ids.size()));
}

TEST_F(RefreshAhead, OfThreeInstancesIsDoneByOneForAll) {
  start(3);
  const LoadReport report = use_steadily();
  EXPECT_EQ(report.failed(), 0u);
  EXPECT_LT(waited(report), lists() / 10);
  // Not three lists for each life. Two that find the copy due while Kong answers the first may both ask.
  EXPECT_LT(lists(), 2 * kLives * crowd_.ids.size());
  EXPECT_LE(redis_reads(), a_fifth_more_than(kLives * crowd_.ids.size() * ports_.size()));
}

} // namespace
} // namespace authd::test
