// SPDX-License-Identifier: Apache-2.0
#include "pipeline/gateway_health.h"

#include <atomic>

#include <gtest/gtest.h>

#include "scripted_gateway.h"

namespace authd::pipeline {
namespace {

using State = CircuitBreaker::State;

constexpr seconds kLongEnough{20};

class GatewayHealthTest : public testing::Test {
 protected:
  GatewayHealthTest() {
    gateway.on_probe = [this] {
      ++probes;
      return std::pair{status.load(), up.load()};
    };
  }
  void open(GatewayUse use = GatewayUse::read) {
    while (guard.state(use) != State::open) {
      const auto admitted = guard.acquire(use, steady_now(), recorder);
      guard.record(std::get<GatewayGuard::Permit>(admitted), CircuitBreaker::Outcome::failure, steady_now(), recorder);
    }
  }
  template <class Condition>
  static bool await(Condition condition) {
    const SteadyTime give_up = steady_now() + kLongEnough;
    while (!condition() && steady_now() < give_up) std::this_thread::yield();
    return condition();
  }

  std::atomic<int> probes{0};
  std::atomic<authd_status> status{AUTHD_OK};
  std::atomic<bool> up{true};
  test::ScriptedGateway gateway;
  test::CountingRecorder recorder;
  GatewayGuard guard{{50, std::chrono::hours(1), milliseconds(10'000), 10, 5}, seconds(60)};
};

TEST_F(GatewayHealthTest, ProbesOnceForAllWhoAskWithinASecond) {
  GatewayHealth health(gateway.gateway(), guard, seconds(1), recorder);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(health.wait_for_answer(steady_now() + kLongEnough));
  EXPECT_LE(probes, 2); // a second may pass on a busy machine
}

TEST_F(GatewayHealthTest, LeavesTheGatewayAloneWhileTheBreakersAreClosed) {
  { GatewayHealth health(gateway.gateway(), guard, seconds(1), recorder); }
  EXPECT_EQ(probes, 0);
}

TEST_F(GatewayHealthTest, AsksWhileABreakerIsOpenUntilTheGatewayIsBack) {
  up = false;
  open();
  GatewayHealth health(gateway.gateway(), guard, seconds(1), recorder);
  ASSERT_TRUE(await([&] { return probes >= 2; }));
  EXPECT_EQ(guard.state(GatewayUse::read), State::open) << "a bad probe changes nothing";
  up = true;
  EXPECT_TRUE(await([&] { return guard.state(GatewayUse::read) == State::half_open; }));
}

TEST_F(GatewayHealthTest, AsksForABreakerThatOpensLater) {
  GatewayHealth health(gateway.gateway(), guard, seconds(1), recorder);
  open(GatewayUse::create);
  health.watch();
  EXPECT_TRUE(await([&] { return guard.state(GatewayUse::create) == State::half_open; }));
}

TEST_F(GatewayHealthTest, DoesEachSecondWhatIsToBeDoneAndLeavesTheGatewayAlone) {
  std::atomic<int> ticks{0};
  GatewayHealth health(gateway.gateway(), guard, seconds(1), recorder, {[&] { ++ticks; }});
  EXPECT_TRUE(await([&] { return ticks >= 2; }));
  EXPECT_EQ(probes, 0);
}

TEST_F(GatewayHealthTest, TakesAProbeThatIsForbiddenForAGatewayThatIsThere) {
  status = AUTHD_DENIED;
  open();
  GatewayHealth health(gateway.gateway(), guard, seconds(1), recorder);
  EXPECT_TRUE(await([&] { return guard.state(GatewayUse::read) == State::half_open; }));
  EXPECT_FALSE(guard.base_is_proved());
}

TEST_F(GatewayHealthTest, ProvesTheBaseByAnyAnswerThatIsAsItShouldBe) {
  up = false; // Kong's own word: it does not reach its database
  GatewayHealth health(gateway.gateway(), guard, seconds(1), recorder);
  ASSERT_TRUE(health.wait_for_answer(steady_now() + kLongEnough));
  EXPECT_TRUE(guard.base_is_proved());
}

} // namespace
} // namespace authd::pipeline
