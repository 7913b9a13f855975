// SPDX-License-Identifier: Apache-2.0
#include "base/call.h"

#include <gtest/gtest.h>

namespace authd::plugin {

TEST(Status, MapsWhatItKnowsAndNothingElse) {
  EXPECT_EQ(to_status(AUTHD_OK), CallStatus::ok);
  EXPECT_EQ(to_status(AUTHD_INTERNAL), CallStatus::internal);
  EXPECT_EQ(to_status(AUTHD_INTERNAL + 1), CallStatus::internal);
  EXPECT_EQ(to_status(-1), CallStatus::internal);
  EXPECT_EQ(name_of(CallStatus::not_found), "not_found");
  EXPECT_EQ(name_of(CallStatus::rate_limited), "rate_limited");
  EXPECT_EQ(name_of(CallStatus::internal), "internal");
}

TEST(Call, GivesTheFailureOnceUnderTheStatusThatWasReturned) {
  Call call;
  call.record({CallStatus::unavailable, 502, milliseconds(30), "bad gateway"});
  const CallFailure failure = call.take_failure(CallStatus::timeout);
  EXPECT_EQ(failure.status, CallStatus::timeout);
  EXPECT_EQ(failure.upstream_status, 502);
  EXPECT_EQ(failure.message, "bad gateway");
  EXPECT_EQ(call.take_failure(CallStatus::timeout).upstream_status, 0);
}

TEST(Call, RoundsTheTimeLeftUp) {
  const Call call(steady_now() + std::chrono::hours(1));
  EXPECT_GT(call.remaining_ms(), 3'590'000);
  EXPECT_LE(call.remaining_ms(), 3'600'000);
}

TEST(Call, IsWaitedForUntilItsDeadlineUnlessToldOtherwise) {
  EXPECT_EQ(Call().patience_ms(), INT64_MAX);
  Call call(steady_now() + std::chrono::hours(1));
  EXPECT_GT(call.patience_ms(), 3'590'000);
  call.set_patience(steady_now() + std::chrono::minutes(1));
  EXPECT_LE(call.patience_ms(), 60'000);
  EXPECT_GT(call.remaining_ms(), 3'590'000);
  call.set_patience(steady_now() - milliseconds(1));
  EXPECT_EQ(call.patience_ms(), 0);
}

TEST(Call, IsWaitedForByNobodyAfterItsDeadlineOrItsWithdrawal) {
  Call call(steady_now() + std::chrono::minutes(1));
  call.set_patience(steady_now() + std::chrono::hours(1));
  EXPECT_LE(call.patience_ms(), 60'000);
  call.cancel();
  EXPECT_EQ(call.patience_ms(), 0);
}

} // namespace authd::plugin
