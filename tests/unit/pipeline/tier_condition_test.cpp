// SPDX-License-Identifier: Apache-2.0
#include "pipeline/tier_condition.h"

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

using Health = plugin::Health;

Health saying(Health::State state, std::string detail = {}) {
  Health health;
  health.state = state;
  health.detail = std::move(detail);
  return health;
}

class TierConditionTest : public testing::Test {
 protected:
  bool is_well() const { return tracker_.condition(true).is_well(); }
  TierConditionTracker tracker_;
};

// It went and came back within a second, and nobody has anything to store since.
TEST_F(TierConditionTest, AWriteThatFoundItAwayIsForgottenWhenItSaysThatItIsWell) {
  tracker_.note("set", CallStatus::unavailable, "connection refused");
  EXPECT_FALSE(is_well());
  EXPECT_EQ(tracker_.condition(true).why, "connection refused");
  tracker_.note_health(saying(Health::State::up), true);
  EXPECT_TRUE(is_well());
}

TEST_F(TierConditionTest, AWriteThatWasRefusedIsNotForgottenBecauseItSaysThatItIsWell) {
  tracker_.note("set", CallStatus::denied, "may not write");
  tracker_.note_health(saying(Health::State::up), true);
  EXPECT_FALSE(is_well());
  tracker_.note("del", CallStatus::ok);
  EXPECT_FALSE(is_well()) << "one that is full still deletes";
  tracker_.note("set", CallStatus::ok);
  EXPECT_TRUE(is_well());
}

TEST_F(TierConditionTest, IsImpairedForAsLongAsItSaysSo) {
  tracker_.note("set", CallStatus::unavailable, "it is full");
  tracker_.note_health(saying(Health::State::degraded, "it refuses writes"), true);
  EXPECT_FALSE(is_well());
  tracker_.note_health(saying(Health::State::degraded, "it refuses writes"), true);
  EXPECT_FALSE(is_well());
  tracker_.note_health(saying(Health::State::up), true);
  EXPECT_TRUE(is_well());
}

} // namespace
} // namespace authd::pipeline
