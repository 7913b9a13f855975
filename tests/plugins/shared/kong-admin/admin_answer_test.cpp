// SPDX-License-Identifier: Apache-2.0
#include "kong-admin/admin_answer.h"

#include <gtest/gtest.h>

namespace authd::kong_admin {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::time_t kNow = 784111777 - 60; // a minute before the date of RFC 9110's examples

TEST(RetryAfter, IsANumberOfSeconds) {
  EXPECT_EQ(retry_after("0", kNow), seconds(0));
  EXPECT_EQ(retry_after("7", kNow), seconds(7));
}

TEST(RetryAfter, IsADateInAnyOfTheThreeForms) {
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), seconds(60));
  EXPECT_EQ(retry_after("Sunday, 06-Nov-94 08:49:37 GMT", kNow), seconds(60));
  EXPECT_EQ(retry_after("Sun Nov  6 08:49:37 1994", kNow), seconds(60));
}

TEST(RetryAfter, OfADateThatIsOverIsNow) { EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:48:36 GMT", kNow), seconds(0)); }

TEST(RetryAfter, IsADayAtMost) {
  EXPECT_EQ(retry_after("86401", kNow), hours(24));
  EXPECT_EQ(retry_after("99999999999", kNow), hours(24));
  EXPECT_EQ(retry_after("Sun, 06 Nov 2094 08:49:37 GMT", kNow), hours(24));
}

TEST(RetryAfter, IsZeroForWhatCannotBeRead) {
  for (const char* odd :
       {"", "-1", "soon", "7s", "7.5", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT, again"})
    EXPECT_EQ(retry_after(odd, kNow), seconds(0)) << odd;
}

} // namespace
} // namespace authd::kong_admin
