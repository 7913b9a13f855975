// SPDX-License-Identifier: Apache-2.0
#include "net/backoff.h"

#include <gtest/gtest.h>

namespace authd::net {
namespace {

TEST(Doubled, IsBounded) {
  EXPECT_EQ(doubled(milliseconds(3), 0).count(), 3);
  EXPECT_EQ(doubled(milliseconds(3), 4).count(), 48);
  EXPECT_EQ(doubled(milliseconds(1), 1000), doubled(milliseconds(1), 16));
}

TEST(Jitter, IsAFractionOfOne) {
  Jitter jitter;
  for (int i = 0; i < 1000; ++i) {
    const double drawn = jitter.next();
    EXPECT_GE(drawn, 0);
    EXPECT_LT(drawn, 1);
  }
}

TEST(Backoff, StaysBetweenHalfAndWholeOfItsOwnBound) {
  Backoff backoff(milliseconds(100), milliseconds(300));
  for (const int whole : {100, 200, 300, 300}) {
    const milliseconds pause = backoff.next();
    EXPECT_GE(pause.count(), whole / 2);
    EXPECT_LE(pause.count(), whole);
  }
}

} // namespace
} // namespace authd::net
