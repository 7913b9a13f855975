// SPDX-License-Identifier: Apache-2.0
#include "config/nearest.h"

#include <gtest/gtest.h>

namespace authd::config {
namespace {

TEST(EditDistance, CountsSlipsOfThePen) {
  EXPECT_EQ(edit_distance("timeout", "timeout"), 0U);
  EXPECT_EQ(edit_distance("tiemout", "timeout"), 1U);
  EXPECT_EQ(edit_distance("timeouts", "timeout"), 1U);
  EXPECT_EQ(edit_distance("timout", "timeout"), 1U);
  EXPECT_EQ(edit_distance("", "ttl"), 3U);
}

TEST(Suggestion, IsTheNearestName) {
  EXPECT_EQ(suggestion("expiraton", {"authority", "expiration", "issuer"}), "did you mean \"expiration\"?");
}

TEST(Suggestion, ListsAllNamesWhenNoneIsNear) {
  EXPECT_EQ(suggestion("zzzzzzzz", {"ttl", "stale"}), "known here: ttl, stale");
  EXPECT_EQ(suggestion(std::string(5000, 'a'), {"ttl", "stale"}), "known here: ttl, stale");
  EXPECT_EQ(suggestion("x", {}), "nothing is allowed here");
}

} // namespace
} // namespace authd::config
