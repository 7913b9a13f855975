// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

namespace authd {
namespace {

TEST(Clock, WritesIso8601InUtcWithMilliseconds) {
  EXPECT_EQ(iso8601(WallTime(milliseconds(1'795'329'344'007))), "2026-11-22T06:35:44.007Z");
  EXPECT_EQ(iso8601(WallTime(milliseconds(0))), "1970-01-01T00:00:00.000Z");
}

} // namespace
} // namespace authd
