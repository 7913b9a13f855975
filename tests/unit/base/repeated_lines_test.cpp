// SPDX-License-Identifier: Apache-2.0
#include "base/repeated_lines.h"

#include <string>

#include <gtest/gtest.h>

namespace authd {
namespace {

using namespace std::chrono_literals;

constexpr LineKind kListTimedOut{"gateway-call", "", "list timeout"};
const SteadyTime kStart = SteadyTime() + 1000h;

class RepeatedLinesTest : public testing::Test {
 protected:
  // How many of so many lines are written.
  std::uint64_t write(std::uint64_t times, const LineKind& kind, SteadyTime now) {
    std::uint64_t written = 0;
    for (std::uint64_t i = 0; i < times; ++i) written += lines.admit(kind, now) ? 1 : 0;
    return written;
  }
  RepeatedLines lines;
};

TEST_F(RepeatedLinesTest, WritesTheFirstTenOfASecondAndCountsTheRest) {
  EXPECT_EQ(lines.next_due(), SteadyTime::max());
  EXPECT_EQ(write(25, kListTimedOut, kStart), 10U);
  EXPECT_EQ(lines.next_due(), kStart + 1s);
  EXPECT_FALSE(lines.take_due(kStart + 999ms)) << "the second is not over";
  const auto sum = lines.take_due(kStart + 1s);
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->suppressed, 15U);
  EXPECT_EQ(sum->kind.event, "gateway-call");
  EXPECT_EQ(sum->kind.what, "list timeout");
  EXPECT_FALSE(lines.take_due(kStart + 1s)) << "it is told once";
  EXPECT_EQ(lines.next_due(), SteadyTime::max());
}

TEST_F(RepeatedLinesTest, TenLinesAreNotSummed) {
  EXPECT_EQ(write(10, kListTimedOut, kStart), 10U);
  EXPECT_FALSE(lines.take_due(SteadyTime::max()));
}

TEST_F(RepeatedLinesTest, WritesAgainInTheNextSecond) {
  write(25, kListTimedOut, kStart);
  EXPECT_EQ(write(25, kListTimedOut, kStart + 1s), 10U) << "although the sum was not asked for yet";
  const auto sum = lines.take_due(kStart + 1s);
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->suppressed, 30U) << "none is lost";
}

TEST_F(RepeatedLinesTest, TheNextSumIsDueASecondAfterItsOwnPeriodBegan) {
  write(25, kListTimedOut, kStart);
  ASSERT_TRUE(lines.take_due(kStart + 1s));
  write(11, kListTimedOut, kStart + 5s);
  EXPECT_EQ(lines.next_due(), kStart + 6s);
}

TEST_F(RepeatedLinesTest, KindsDifferByEventCodeAndWhat) {
  EXPECT_EQ(write(20, kListTimedOut, kStart), 10U);
  EXPECT_EQ(write(20, {"request", "", "list timeout"}, kStart), 10U);
  EXPECT_EQ(write(20, {"gateway-call", "AUTH_004", "list timeout"}, kStart), 10U);
  EXPECT_EQ(write(20, {"gateway-call", "", "create timeout"}, kStart), 10U);
  EXPECT_EQ(write(20, kListTimedOut, kStart), 0U);
}

TEST_F(RepeatedLinesTest, AtTheEndAllSumsCanBeTaken) {
  write(11, kListTimedOut, kStart);
  EXPECT_FALSE(lines.take_due(kStart));
  EXPECT_TRUE(lines.take_due(SteadyTime::max()));
}

TEST_F(RepeatedLinesTest, KindsBeyondTheBoundShareOneAndNoneOfTheirLinesIsLost) {
  constexpr std::uint64_t kMany = 10 * RepeatedLines::kKinds;
  std::uint64_t written = 0;
  for (std::uint64_t i = 0; i < kMany; ++i) {
    const std::string what = std::to_string(i);
    written += write(2, {"request", "", what}, kStart);
  }
  EXPECT_EQ(written, 2 * (RepeatedLines::kKinds - 1) + RepeatedLines::kFirst);
  std::uint64_t told = 0;
  while (const auto sum = lines.take_due(kStart + 1s)) {
    EXPECT_EQ(sum->kind.event, "other");
    told += sum->suppressed;
  }
  EXPECT_EQ(written + told, 2 * kMany);
}

TEST_F(RepeatedLinesTest, AKindThatHasFallenSilentMakesRoomForANewOne) {
  for (std::uint64_t i = 0; i < RepeatedLines::kKinds; ++i) write(1, {"old", "", std::to_string(i)}, kStart);
  EXPECT_EQ(write(11, kListTimedOut, kStart + 1s), 10U);
  const auto sum = lines.take_due(kStart + 2s);
  ASSERT_TRUE(sum);
  EXPECT_EQ(sum->kind.event, "gateway-call");
}

TEST_F(RepeatedLinesTest, LongTextsAreCutInTheSum) {
  const std::string text(1000, 'x');
  write(11, {"request", text, text}, kStart);
  const auto sum = lines.take_due(kStart + 1s);
  ASSERT_TRUE(sum);
  EXPECT_LT(sum->kind.what.size(), 100U);
  EXPECT_EQ(sum->kind.what, text.substr(0, sum->kind.what.size()));
}

} // namespace
} // namespace authd
