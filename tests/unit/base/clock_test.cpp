// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace authd {
namespace {

TEST(Clock, WritesIso8601InUtcWithMilliseconds) {
  EXPECT_EQ(iso8601(WallTime(milliseconds(1'795'329'344'007))), "2026-11-22T06:35:44.007Z");
  EXPECT_EQ(iso8601(WallTime(milliseconds(0))), "1970-01-01T00:00:00.000Z");
}

TEST(Clock, WritesEachMomentWhateverItWroteBefore) {
  std::string text;
  for (const std::int64_t ms : {1'795'329'344'999, 1'795'329'345'000, 1'795'329'345'010, 1'795'329'344'100})
    append_iso8601(text, WallTime(milliseconds(ms)));
  EXPECT_EQ(text, "2026-11-22T06:35:44.999Z2026-11-22T06:35:45.000Z2026-11-22T06:35:45.010Z2026-11-22T06:35:44.100Z");
}

TEST(Clock, WritesSecondsThatNanosecondsDoNotHold) {
  EXPECT_EQ(iso8601_of_seconds(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso8601_of_seconds(9'223'372'037), "2262-04-11T23:47:17.000Z");
  EXPECT_EQ(iso8601_of_seconds(253'402'300'799), "9999-12-31T23:59:59.000Z");
}

} // namespace
} // namespace authd
