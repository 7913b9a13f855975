// SPDX-License-Identifier: Apache-2.0
// Time is passed in, so that ten minutes take no time.
#include "plugin/overruns.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "fixtures.h"

namespace authd::plugin::test {
namespace {

class OverrunsOfACall : public testing::Test {
 protected:
  // Lines written until `after` the deadline, with a look each second.
  long lines(seconds after) {
    for (; looked_ <= after; ++looked_) overruns_.look(deadline_ + looked_);
    const std::string text = log_.text();
    return std::count(text.begin(), text.end(), '\n');
  }

  CapturedLog log_;
  Overruns overruns_{log_.get()};
  const SteadyTime deadline_ = steady_now();
  seconds looked_{-5};
};

TEST_F(OverrunsOfACall, SayNothingUntilASecondPastItsDeadline) {
  const EnteredCall call(callee("acme", "east"), "get_secret", deadline_);
  EXPECT_EQ(lines(seconds(0)), 0);
}

TEST_F(OverrunsOfACall, SayOnceWhoItIsAndAgainAtIntervalsThatGrow) {
  const EnteredCall call(callee("acme", "east"), "get_secret", deadline_);
  EXPECT_EQ(lines(seconds(1 + 10 + 20 + 40)), 4); // at 1, 11, 31 and 71 s
}

TEST_F(OverrunsOfACall, NamePluginInstanceAndOperation) {
  const EnteredCall call(callee("acme", "east"), "get_secret", deadline_);
  overruns_.look(deadline_ + seconds(2));
  const std::string line = log_.text();
  for (const char* part : {R"("message":"get_secret of east has not returned 2 s after its deadline")",
                           R"("event.action":"plugin-overrun")", R"("authd.plugin.id":"acme")",
                           R"("authd.plugin.instance":"east")", R"("authd.plugin.operation":"get_secret")"})
    EXPECT_NE(line.find(part), std::string::npos) << line;
}

TEST_F(OverrunsOfACall, BeginAnewWithTheNextCall) {
  {
    const EnteredCall call(callee("acme", "east"), "probe", deadline_);
    overruns_.look(deadline_ + seconds(1));
  }
  const EnteredCall call(callee("acme", "east"), "probe", deadline_ + seconds(60));
  looked_ = seconds(2);
  EXPECT_EQ(lines(seconds(60)), 1);
}

TEST_F(OverrunsOfACall, WithoutADeadlineBeginAfterTenSeconds) {
  const EnteredCall call(callee("cache-memory", "near"), "set", SteadyTime::max());
  EXPECT_EQ(lines(seconds(5)), 1); // first seen at -5 s
}

TEST_F(OverrunsOfACall, PutTheOneThatIsLateLongestFirst) {
  const EnteredCall late(callee("acme", "east"), "stop", deadline_);
  overruns_.look(deadline_);
  EXPECT_EQ(overruns_.holders(), "stop of east");
  EXPECT_STREQ(overruns_.first_holder().operation, "stop");
}

TEST_F(OverrunsOfACall, NameNobodyWhenNobodyIsInAPlugin) {
  { const EnteredCall call(callee("acme", "east"), "stop", deadline_); }
  overruns_.look(deadline_ + seconds(9));
  EXPECT_EQ(overruns_.holders(), "");
  EXPECT_EQ(overruns_.first_holder().callee, nullptr);
}

} // namespace
} // namespace authd::plugin::test
