// SPDX-License-Identifier: Apache-2.0
#include "telemetry/recent_events.h"

#include <gtest/gtest.h>

namespace authd::telemetry {
namespace {

using State = pipeline::CircuitBreaker::State;

RequestOutcome failed(Code code, std::string_view detail) {
  RequestOutcome outcome;
  outcome.status = describe(code).status;
  outcome.code = code;
  outcome.detail = detail;
  return outcome;
}

TEST(RecentErrors, AreOneWhenCodeAndMessageAreTheSame) {
  RecentEvents events;
  for (int i = 0; i < 3; ++i) events.on_outcome(failed(Code::gateway_unavailable, "list: timeout"));
  events.on_outcome(failed(Code::gateway_unavailable, "list: refused"));
  events.on_outcome(failed(Code::breaker_open, "list: timeout"));
  const auto errors = events.errors();
  ASSERT_EQ(errors.size(), 3U);
  EXPECT_EQ(errors.back().code, "AUTH_004");
  EXPECT_EQ(errors.back().message, "list: timeout");
  EXPECT_EQ(errors.back().count, 3U);
}

TEST(RecentErrors, NameTheCauseWhereTheClientWasToldLess) {
  RecentEvents events;
  RequestOutcome outcome = failed(Code::gateway_unavailable, "The API gateway is unavailable");
  outcome.reason = "list: unavailable (500)";
  events.on_outcome(outcome);
  EXPECT_EQ(events.errors().at(0).message, "list: unavailable (500)");
}

TEST(RecentErrors, OfARefusalWithoutAnAuthCodeHaveTheCodeOfTheAnswer) {
  RecentEvents events;
  RequestOutcome outcome;
  outcome.status = 404;
  outcome.detail = "No such path";
  events.on_outcome(outcome);
  EXPECT_EQ(events.errors().at(0).code, "HTTP_404");
}

TEST(RecentErrors, AreNoSuccessesAndNoHealthThatSaysUnhealthy) {
  RecentEvents events;
  RequestOutcome outcome;
  outcome.status = 200;
  outcome.detail = "ok";
  events.on_outcome(outcome);
  outcome.status = 503;
  outcome.detail = "";
  events.on_outcome(outcome);
  EXPECT_TRUE(events.errors().empty());
}

TEST(RecentErrors, AreBoundedInNumberAndLengthAndTheOldestGoes) {
  RecentEvents events;
  events.on_outcome(failed(Code::unforeseen, std::string(100'000, 'x')));
  EXPECT_LE(events.errors().at(0).message.size(), 512U);
  for (std::size_t i = 0; i < RecentEvents::kMaxErrors; ++i) {
    events.on_outcome(failed(Code::unforeseen, "fault " + std::to_string(i)));
  }
  const auto errors = events.errors();
  ASSERT_EQ(errors.size(), RecentEvents::kMaxErrors);
  for (const RecentError& error : errors) {
    EXPECT_EQ(error.message.substr(0, 6), "fault ");
    EXPECT_EQ(error.count, 1U);
  }
}

TEST(BreakerSteps, AreTheLastTwentyOfEachBreaker) {
  RecentEvents events;
  for (int i = 0; i < 15; ++i) {
    events.breaker_moved("gateway", {State::closed, State::open});
    events.breaker_moved("gateway", {State::open, State::half_open});
  }
  events.breaker_moved("cache-redis", {State::closed, State::open});
  events.breaker_moved("gateway", {State::half_open, State::closed});
  const auto steps = events.steps("gateway");
  ASSERT_EQ(steps.size(), RecentEvents::kMaxSteps);
  EXPECT_EQ(steps.back().to, State::closed);
  EXPECT_LE(steps.front().at, steps.back().at);
  EXPECT_EQ(events.steps("cache-redis").size(), 1U);
  EXPECT_TRUE(events.steps("gateway-create").empty());
}

} // namespace
} // namespace authd::telemetry
