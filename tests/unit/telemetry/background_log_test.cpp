// SPDX-License-Identifier: Apache-2.0
#include "telemetry/logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "written.h"

namespace authd::telemetry {
namespace {

using State = pipeline::CircuitBreaker::State;
using testing::HasSubstr;

TEST(BackgroundLog, SaysWhichCallFailedHowLongItTookAndWhatTheGatewaySaid) {
  Written written;
  const CallFailure failure{CallStatus::denied, 403, {}, "Invalid RBAC credentials"};
  BackgroundLog(written.log()).gateway_called({"create", CallStatus::denied, milliseconds(3), &failure});
  const std::string text = written.text();
  EXPECT_THAT(text, HasSubstr(R"("log.level":"error")"));
  EXPECT_THAT(text, HasSubstr(R"("authd.gateway.operation":"create","authd.gateway.result":"denied",)"
                              R"("http.response.status_code":403,"event.duration":3000000,)"
                              R"("error.message":"Invalid RBAC credentials"})"));
}

TEST(BackgroundLog, NamesTheTraceOfACall) {
  Written written;
  const CallFailure failure{CallStatus::denied, 403, {}, "Invalid RBAC credentials"};
  TraceContext trace;
  trace.trace = trace_id_of("4bf92f3577b34da6a3ce929d0e0e4736");
  trace.span = span_id_of("00f067aa0ba902b7");
  BackgroundLog(written.log()).gateway_called({"create", CallStatus::denied, milliseconds(3), &failure, trace});
  EXPECT_THAT(written.text(),
              HasSubstr(R"("trace.id":"4bf92f3577b34da6a3ce929d0e0e4736","span.id":"00f067aa0ba902b7"})"));
}

TEST(BackgroundLog, SumsCallsThatFailAlike) {
  Written written;
  BackgroundLog log(written.log());
  const CallFailure failure{CallStatus::unavailable, 500, {}, "An unexpected error occurred"};
  for (int i = 0; i < 100; ++i) {
    log.gateway_called({"list", CallStatus::unavailable, {}, &failure});
    log.gateway_called({"create", CallStatus::unavailable, {}, &failure});
  }
  const std::string text = written.text();
  EXPECT_EQ(lines_in(text), 22U);
  EXPECT_THAT(
      text,
      HasSubstr(R"("authd.log.suppressed":90,"authd.log.event":"gateway-call","authd.log.kind":"list unavailable")"));
}

TEST(BackgroundLog, SumsTiersThatFailAndBreakersThatFlutter) {
  Written written;
  BackgroundLog log(written.log());
  for (int i = 0; i < 100; ++i) {
    log.tier_failed({"redis", "get", CallStatus::timeout, "no answer"});
    log.breaker_moved("redis", {State::half_open, State::open});
  }
  const std::string text = written.text();
  EXPECT_EQ(lines_in(text), 22U);
  EXPECT_THAT(text, HasSubstr(R"("authd.log.kind":"redis get timeout")"));
  EXPECT_THAT(text, HasSubstr(R"("authd.log.kind":"redis open")"));
}

TEST(BackgroundLog, WhatIsWantedForDebuggingIsNotSummed) {
  Written written(Level::debug);
  BackgroundLog log(written.log());
  for (int i = 0; i < 50; ++i) log.gateway_called({"list", CallStatus::ok, {}, nullptr});
  EXPECT_EQ(lines_in(written.text()), 50U);
}

} // namespace
} // namespace authd::telemetry
