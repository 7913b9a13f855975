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
  EXPECT_EQ(
      text,
      "2026-11-22T06:35:44.999Z2026-11-22T06:35:45.000Z2026-11-22T06:35:45.010Z2026-11-22T06:35:44.100Z");
}

} // namespace
} // namespace authd
