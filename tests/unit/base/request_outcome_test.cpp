// SPDX-License-Identifier: Apache-2.0
#include "base/request_outcome.h"

#include <string>
#include <type_traits>

#include <gtest/gtest.h>

namespace authd {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart = SteadyTime() + 1000h;

std::string text_of(const TimedSteps& steps) {
  std::string text;
  for (const TimedStep& step : steps.all()) {
    text.append(step.name).append(" ").append(step.result).append(" ");
    text += std::to_string(step.duration / 1ms) + "; ";
  }
  return text;
}

TEST(RequestOutcome, SaysWhatOperatorsAreToKnowBeforeWhatTheClientWasTold) {
  RequestOutcome outcome;
  outcome.detail = "The API gateway is unavailable";
  EXPECT_EQ(outcome.message(), "The API gateway is unavailable");
  outcome.reason = "list: unavailable (500)";
  EXPECT_EQ(outcome.message(), "list: unavailable (500)");
}

TEST(RequestOutcome, OwnsNothingThatIsAllocated) { EXPECT_TRUE(std::is_trivially_destructible_v<RequestOutcome>); }

TEST(TimedSteps, AreTimedOneAfterTheOther) {
  TimedSteps steps;
  steps.begin("queue", kStart);
  steps.end("ok", kStart + 2ms);
  steps.begin("list", kStart + 2ms);
  steps.end("timeout", kStart + 502ms);
  EXPECT_EQ(text_of(steps), "queue ok 2; list timeout 500; ");
  EXPECT_EQ(steps.all()[1].begun, kStart + 2ms);
}

TEST(TimedSteps, OneThatIsUnderWayHasLastedUntilNow) {
  TimedSteps steps;
  EXPECT_FALSE(steps.is_running());
  EXPECT_EQ(steps.last(), nullptr);
  steps.begin("list", kStart);
  EXPECT_TRUE(steps.is_running());
  EXPECT_EQ(text_of(steps.as_of(kStart + 30ms)), "list running 30; ");
  EXPECT_EQ(text_of(steps.as_of(kStart + 40ms)), "list running 40; ") << "it goes on";
  steps.end("ok", kStart + 50ms);
  steps.end("late", kStart + 90ms);
  EXPECT_EQ(text_of(steps.as_of(kStart + 60ms)), "list ok 50; ") << "it has ended once";
}

TEST(TimedSteps, WhatDoesNotFitTakesThePlaceOfTheLast) {
  TimedSteps steps;
  for (std::size_t i = 0; i < TimedSteps::kMost; ++i) {
    steps.begin("list", kStart);
    steps.end("conflict", kStart);
  }
  steps.begin("create", kStart);
  EXPECT_EQ(steps.all().size(), TimedSteps::kMost);
  EXPECT_EQ(steps.last()->name, "create");
  EXPECT_EQ(steps.all()[TimedSteps::kMost - 2].name, "list");
}

} // namespace
} // namespace authd
