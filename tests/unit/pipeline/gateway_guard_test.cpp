// SPDX-License-Identifier: Apache-2.0
#include "pipeline/gateway_guard.h"

#include <vector>

#include <gtest/gtest.h>

#include "pipeline/guarded_calls.h"
#include "scripted_gateway.h"

namespace authd::pipeline {
namespace {

using Outcome = CircuitBreaker::Outcome;
using State = CircuitBreaker::State;

constexpr CircuitBreaker::Settings kSettings{50, milliseconds(30'000), milliseconds(10'000), 10, 5};
constexpr SteadyTime kStart{std::chrono::hours(1)};

class GatewayGuardTest : public testing::Test {
 protected:
  // nullopt: admitted, with this outcome.
  std::optional<Error> call(GatewayUse use, Outcome outcome, SteadyTime now = kStart) {
    auto admitted = guard.acquire(use, now, recorder);
    if (auto* refused = std::get_if<Error>(&admitted)) return *refused;
    guard.record(std::get<GatewayGuard::Permit>(admitted), outcome, now, recorder);
    return std::nullopt;
  }
  GatewayGuard::Permit permit(SteadyTime now = kStart) {
    return std::get<GatewayGuard::Permit>(guard.acquire(GatewayUse::read, now, recorder));
  }
  void open(GatewayUse use) {
    for (int i = 0; i < 5; ++i) call(use, Outcome::failure);
    ASSERT_EQ(guard.state(use), State::open);
  }

  test::CountingRecorder recorder;
  GatewayGuard guard{kSettings, milliseconds(500)};
};

TEST_F(GatewayGuardTest, JudgesReadingAndCreatingApart) {
  open(GatewayUse::create);
  EXPECT_FALSE(call(GatewayUse::read, Outcome::success));
  const auto refused = call(GatewayUse::create, Outcome::success);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Code::breaker_open);
  EXPECT_EQ(recorder.moves("gateway-create"), std::vector<State>{State::open});
  EXPECT_TRUE(recorder.moves("gateway").empty());
}

TEST_F(GatewayGuardTest, PausesBothForAsLongAsTheGatewayAskedAndLetsOneCallThroughThen) {
  guard.pause(permit(), seconds(3), kStart, recorder);
  for (const GatewayUse use : {GatewayUse::read, GatewayUse::create}) {
    const auto refused = call(use, Outcome::success, kStart + milliseconds(500));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, Code::gateway_unavailable);
    EXPECT_EQ(refused->retry_after, seconds(3));
  }
  const SteadyTime over = kStart + seconds(3);
  EXPECT_FALSE(guard.refusal(GatewayUse::read, over, recorder));
  const auto first = permit(over);
  EXPECT_TRUE(call(GatewayUse::read, Outcome::success, over)) << "one call finds out whether it is over";
  guard.record(first, Outcome::success, over, recorder);
  EXPECT_FALSE(call(GatewayUse::read, Outcome::success, over));
  EXPECT_EQ(guard.state(GatewayUse::read), State::closed);
  EXPECT_TRUE(recorder.moves().empty());
}

// Two threads read the clock in one order and come to the guard in the other.
TEST_F(GatewayGuardTest, NeverSaysThatAPauseLastsLongerThanTheGatewayAsked) {
  guard.pause(permit(), seconds(3), kStart, recorder);
  EXPECT_EQ(call(GatewayUse::read, Outcome::success, kStart - milliseconds(1))->retry_after, seconds(3));
}

TEST_F(GatewayGuardTest, PausesAgainWhenTheCallThatFindsOutIsLimitedToo) {
  guard.pause(permit(), seconds(1), kStart, recorder);
  guard.pause(permit(kStart + seconds(1)), seconds(2), kStart + seconds(1), recorder);
  EXPECT_TRUE(guard.refusal(GatewayUse::read, kStart + milliseconds(2'900), recorder));
  EXPECT_FALSE(guard.refusal(GatewayUse::read, kStart + seconds(3), recorder));
}

TEST_F(GatewayGuardTest, GoesOnPausingUntilTheCallThatFindsOutHasReachedTheGateway) {
  guard.pause(permit(), seconds(1), kStart, recorder);
  guard.record(permit(kStart + seconds(1)), Outcome::unjudged, kStart + seconds(1), recorder);
  const auto next = permit(kStart + seconds(1));
  EXPECT_TRUE(call(GatewayUse::read, Outcome::success, kStart + seconds(1))) << "again one alone";
  guard.record(next, Outcome::success, kStart + seconds(1), recorder);
}

TEST_F(GatewayGuardTest, PausesOneSecondUnlessSaidAndNeverLongerThanTheResetTimeout) {
  guard.pause(permit(), milliseconds(0), kStart, recorder);
  EXPECT_TRUE(guard.is_paused(kStart + milliseconds(999)));
  EXPECT_FALSE(guard.is_paused(kStart + seconds(1)));
  guard.pause(permit(kStart + seconds(1)), std::chrono::hours(24), kStart + seconds(1), recorder);
  EXPECT_FALSE(guard.is_paused(kStart + seconds(31)));
}

TEST_F(GatewayGuardTest, CountsARateLimitForNoBreakerHoweverOften) {
  SteadyTime now = kStart;
  for (int i = 0; i < 20; ++i, now += seconds(1)) guard.pause(permit(now), seconds(1), now, recorder);
  EXPECT_EQ(guard.state(GatewayUse::read), State::closed);
}

TEST_F(GatewayGuardTest, LetsOneCallThroughOnceTheGatewaysProbeIsGood) {
  open(GatewayUse::read);
  EXPECT_TRUE(guard.needs_probe());
  EXPECT_TRUE(call(GatewayUse::read, Outcome::success, kStart + seconds(1)));
  guard.recovered(kStart + seconds(1), recorder);
  const auto first = permit(kStart + seconds(1));
  EXPECT_TRUE(call(GatewayUse::read, Outcome::success, kStart + seconds(1))) << "one alone";
  guard.record(first, Outcome::failure, kStart + seconds(1), recorder);
  EXPECT_EQ(guard.state(GatewayUse::read), State::open);
  EXPECT_TRUE(guard.needs_probe());
}

// --- one flight's calls ----------------------------------------------------------------------------------

class GuardedCallsTest : public GatewayGuardTest {
 protected:
  void fail_with(GatewayUse use, CallStatus status, int times = 10) {
    const CallFailure failure{status, 0, {}, {}};
    for (int i = 0; i < times; ++i) {
      GuardedCalls calls(guard, recorder);
      if (!calls.admit(use, "list")) calls.judge(&failure);
    }
  }
};

TEST_F(GuardedCallsTest, CountARefusalToCreateNowhere) {
  for (const CallStatus status :
       {CallStatus::denied, CallStatus::unsupported, CallStatus::invalid, CallStatus::conflict})
    fail_with(GatewayUse::create, status);
  EXPECT_EQ(guard.state(GatewayUse::create), State::closed);
  fail_with(GatewayUse::create, CallStatus::unavailable);
  EXPECT_EQ(guard.state(GatewayUse::create), State::open);
  EXPECT_EQ(guard.state(GatewayUse::read), State::closed);
}

TEST_F(GuardedCallsTest, CountARefusalToReadAsAFailure) {
  fail_with(GatewayUse::read, CallStatus::denied);
  EXPECT_EQ(guard.state(GatewayUse::read), State::open);
}

TEST_F(GatewayGuardTest, CountsACallAsAFailureOnceItIsLateWhateverItBrings) {
  std::vector<GatewayGuard::Permit> permits;
  for (int i = 0; i < 5; ++i) permits.push_back(permit());
  EXPECT_FALSE(guard.refusal(GatewayUse::read, kStart + milliseconds(500), recorder));
  EXPECT_TRUE(guard.refusal(GatewayUse::read, kStart + milliseconds(501), recorder));
  for (const auto late : permits) guard.record(late, Outcome::success, kStart + seconds(1), recorder);
  EXPECT_EQ(recorder.moves(), std::vector<State>{State::open});
}

// A refresh for which nobody waits holds the only place.
TEST_F(GatewayGuardTest, TakesBackTheOnlyPlaceFromACallThatHangs) {
  open(GatewayUse::read);
  guard.recovered(kStart, recorder);
  permit();
  guard.recovered(kStart + seconds(1), recorder); // still half-open
  EXPECT_TRUE(guard.refusal(GatewayUse::read, kStart + seconds(1), recorder));
  EXPECT_TRUE(guard.needs_probe()) << "it failed";
  guard.pause(permit(kStart + seconds(31)), seconds(1), kStart + seconds(31), recorder);
  permit(kStart + seconds(32)); // ends the pause, and hangs
  EXPECT_TRUE(guard.refusal(GatewayUse::read, kStart + milliseconds(32'400), recorder));
  EXPECT_EQ(guard.refusal(GatewayUse::read, kStart + seconds(33), recorder)->code, Code::breaker_open)
      << "the pause is over, and what ended it has failed";
}

TEST_F(GatewayGuardTest, PausesForA429ThatCameLateToo) {
  const auto late = permit();
  ASSERT_FALSE(guard.refusal(GatewayUse::read, kStart + seconds(1), recorder));
  guard.pause(late, seconds(3), kStart + seconds(1), recorder);
  EXPECT_TRUE(guard.is_paused(kStart + seconds(3)));
}

TEST_F(GuardedCallsTest, GiveTheirPlaceBackWhenTheyEndWithoutAnAnswer) {
  open(GatewayUse::read);
  guard.recovered(steady_now(), recorder);
  {
    GuardedCalls calls(guard, recorder);
    ASSERT_FALSE(calls.admit(GatewayUse::read, "list"));
  }
  GuardedCalls calls(guard, recorder);
  EXPECT_FALSE(calls.admit(GatewayUse::read, "list")) << "the only place was never given back";
}

} // namespace
} // namespace authd::pipeline
