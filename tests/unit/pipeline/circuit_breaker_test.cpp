// SPDX-License-Identifier: Apache-2.0
#include "pipeline/circuit_breaker.h"

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

using State = CircuitBreaker::State;
using Outcome = CircuitBreaker::Outcome;

class CircuitBreakerTest : public testing::Test {
 protected:
  explicit CircuitBreakerTest(unsigned row_threshold = 0)
      : breaker{{50, milliseconds(30'000), milliseconds(10'000), 10, 5, row_threshold}} {}

  void call(Outcome outcome) {
    const auto admission = breaker.acquire(now);
    ASSERT_TRUE(admission.permit);
    breaker.record(*admission.permit, outcome, now);
  }
  void calls(int n, Outcome outcome) {
    for (int i = 0; i < n; ++i) call(outcome);
  }
  void open_it() {
    calls(5, Outcome::failure);
    ASSERT_EQ(breaker.state(), State::open);
  }

  CircuitBreaker breaker;
  SteadyTime now{std::chrono::hours(1)};
};

TEST_F(CircuitBreakerTest, StaysClosedBelowTheVolumeThreshold) {
  calls(4, Outcome::failure);
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST_F(CircuitBreakerTest, OpensWhenHalfOfTheCallsFail) {
  calls(3, Outcome::success);
  calls(2, Outcome::failure);
  EXPECT_EQ(breaker.state(), State::closed);
  call(Outcome::failure);
  EXPECT_EQ(breaker.state(), State::open);
  EXPECT_FALSE(breaker.acquire(now).permit);
  EXPECT_TRUE(breaker.would_reject(now));
}

TEST_F(CircuitBreakerTest, ForgetsFailuresThatLeftTheWindow) {
  calls(4, Outcome::failure);
  now += milliseconds(10'000);
  calls(4, Outcome::failure);
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST_F(CircuitBreakerTest, RemembersFailuresWithinTheWindow) {
  calls(4, Outcome::failure);
  now += milliseconds(8'900);
  call(Outcome::failure);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(CircuitBreakerTest, TellsHowLongUntilAProbe) {
  open_it();
  now += milliseconds(10'000);
  EXPECT_EQ(breaker.until_probe(now), milliseconds(20'000));
}

TEST_F(CircuitBreakerTest, LetsOneProbeThroughAndClosesOnItsSuccess) {
  open_it();
  now += milliseconds(30'000);
  const auto probe = breaker.acquire(now);
  ASSERT_TRUE(probe.permit);
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_FALSE(breaker.acquire(now).permit);
  const auto step = breaker.record(*probe.permit, Outcome::success, now);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->to, State::closed);
  call(Outcome::success);
}

TEST_F(CircuitBreakerTest, OpensAgainWhenTheProbeFails) {
  open_it();
  now += milliseconds(30'000);
  breaker.record(*breaker.acquire(now).permit, Outcome::failure, now);
  EXPECT_EQ(breaker.state(), State::open);
  now += milliseconds(29'999);
  EXPECT_FALSE(breaker.acquire(now).permit);
  now += milliseconds(1);
  EXPECT_TRUE(breaker.acquire(now).permit);
}

TEST_F(CircuitBreakerTest, GivesTheProbesPlaceBackWhenItNeverReachedTheBackend) {
  open_it();
  now += milliseconds(30'000);
  breaker.record(*breaker.acquire(now).permit, Outcome::unjudged, now);
  EXPECT_EQ(breaker.state(), State::half_open);
  EXPECT_TRUE(breaker.acquire(now).permit);
}

TEST_F(CircuitBreakerTest, IgnoresOutcomesOfCallsFromBeforeTheLastTransition) {
  const auto slow = breaker.acquire(now);
  open_it();
  now += milliseconds(30'000);
  const auto probe = breaker.acquire(now);
  EXPECT_FALSE(breaker.record(*slow.permit, Outcome::failure, now));
  EXPECT_EQ(breaker.state(), State::half_open);
  breaker.record(*probe.permit, Outcome::success, now);
  EXPECT_FALSE(breaker.record(*slow.permit, Outcome::failure, now));
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST_F(CircuitBreakerTest, OpensOnAFailureOnly) {
  calls(4, Outcome::failure);
  call(Outcome::success);
  EXPECT_EQ(breaker.state(), State::closed) << "the success made the volume";
  call(Outcome::failure);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(CircuitBreakerTest, DoesNotCountAnswersThatAreNoneOfItsBusiness) {
  calls(100, Outcome::answered);
  calls(4, Outcome::failure);
  calls(100, Outcome::answered);
  EXPECT_EQ(breaker.state(), State::closed);
  call(Outcome::failure);
  EXPECT_EQ(breaker.state(), State::open) << "they outweigh nothing";
  now += milliseconds(30'000);
  call(Outcome::answered);
  EXPECT_EQ(breaker.state(), State::closed) << "the backend is there again";
}

class BusyBreaker : public CircuitBreakerTest {
 protected:
  // Nothing but a row opens it: what went well before would take as many failures to be outweighed.
  BusyBreaker() : CircuitBreakerTest(5) { calls(100, Outcome::success); }
};

TEST_F(BusyBreaker, OpensOnARowOfFailures) {
  calls(4, Outcome::failure);
  EXPECT_EQ(breaker.state(), State::closed);
  call(Outcome::failure);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(BusyBreaker, IsNotKeptClosedByAnswersThatDoNotCount) {
  for (int i = 0; i < 4; ++i) {
    call(Outcome::failure);
    call(Outcome::answered);
  }
  call(Outcome::failure);
  EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(BusyBreaker, StaysClosedWhenSuccessesComeBetweenFailures) {
  for (int i = 0; i < 10; ++i) {
    calls(4, Outcome::failure);
    call(Outcome::success);
  }
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST_F(BusyBreaker, BeginsANewRowWhenItHasClosedAgain) {
  calls(5, Outcome::failure);
  now += milliseconds(30'000);
  call(Outcome::success);
  calls(4, Outcome::failure);
  EXPECT_EQ(breaker.state(), State::closed);
}

TEST_F(CircuitBreakerTest, DoesNotCountRowsUnlessToldTo) {
  calls(100, Outcome::success);
  calls(50, Outcome::failure);
  EXPECT_EQ(breaker.state(), State::closed);
}

} // namespace
} // namespace authd::pipeline
