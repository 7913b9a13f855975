// SPDX-License-Identifier: Apache-2.0
#include "http/timeouts.h"

#include <gtest/gtest.h>

#include "http/response_writer.h"

namespace authd::http {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart{};

TEST(TimeoutQueue, GivesBackWhatIsDueInTheOrderOfAdding) {
  TimeoutQueue queue(10ms);
  Timed a;
  Timed b;
  queue.add(a, kStart);
  queue.add(b, kStart + 5ms);
  EXPECT_EQ(queue.next_due(), kStart + 10ms);
  EXPECT_EQ(queue.pop_due(kStart + 9ms), nullptr);
  EXPECT_EQ(queue.pop_due(kStart + 20ms), &a);
  EXPECT_EQ(queue.pop_due(kStart + 20ms), &b);
  EXPECT_EQ(queue.pop_due(kStart + 20ms), nullptr);
  EXPECT_EQ(queue.next_due(), SteadyTime::max());
}

TEST(TimeoutQueue, WindsUpWhatIsAddedAgain) {
  TimeoutQueue queue(10ms);
  Timed a;
  Timed b;
  queue.add(a, kStart);
  queue.add(b, kStart + 1ms);
  queue.add(a, kStart + 2ms);
  EXPECT_EQ(queue.pop_due(kStart + 11ms), &b);
  EXPECT_EQ(queue.next_due(), kStart + 12ms);
}

TEST(TimeoutQueue, LosesWhatIsDestroyedOrMovesToAnother) {
  TimeoutQueue one(10ms);
  TimeoutQueue other(50ms);
  Timed moved;
  one.add(moved, kStart);
  {
    Timed gone;
    one.add(gone, kStart);
  }
  other.add(moved, kStart);
  EXPECT_EQ(one.next_due(), SteadyTime::max());
  EXPECT_EQ(other.next_due(), kStart + 50ms);
}

TEST(TimeoutQueue, CountsWhatHasBeenWaitedWhenTheDurationChanges) {
  TimeoutQueue queue(100ms);
  Timed a;
  Timed b;
  queue.add(a, kStart);
  queue.add(b, kStart + 60ms);
  queue.change_duration(50ms);
  EXPECT_EQ(queue.pop_due(kStart + 50ms), &a);
  EXPECT_EQ(queue.next_due(), kStart + 110ms);
}

TEST(TimeoutQueue, KnowsWhoHasWaitedLongestAndSinceWhen) {
  TimeoutQueue queue(100ms);
  EXPECT_EQ(queue.first(), nullptr);
  EXPECT_EQ(queue.waits_since(), SteadyTime::max());
  Timed a;
  Timed b;
  queue.add(a, kStart);
  queue.add(b, kStart + 5ms);
  queue.change_duration(50ms);
  EXPECT_EQ(queue.first(), &a);
  EXPECT_EQ(queue.waits_since(), kStart);
  queue.add(a, kStart + 7ms);
  EXPECT_EQ(queue.waits_since(), kStart + 5ms);
}

TEST(DeadlineHeap, GivesBackTheEarliestFirst) {
  DeadlineHeap heap;
  for (const int ms : {30, 10, 20}) heap.add({kStart + milliseconds(ms), {}, static_cast<std::uint64_t>(ms)});
  DeadlineHeap::Entry entry{};
  EXPECT_FALSE(heap.pop_due(kStart + 9ms, entry));
  for (const std::uint64_t expected : {10U, 20U, 30U}) {
    EXPECT_EQ(heap.next_due(), kStart + milliseconds(expected));
    ASSERT_TRUE(heap.pop_due(kStart + 1s, entry));
    EXPECT_EQ(entry.serial, expected);
  }
  EXPECT_FALSE(heap.pop_due(SteadyTime::max(), entry));
}

TEST(HttpDate, IsTheOneOfTheStandard) {
  HttpDate date;
  date.refresh(784111777);
  EXPECT_EQ(date.text(), "Sun, 06 Nov 1994 08:49:37 GMT"); // RFC 9110, section 5.6.7
  date.refresh(784111778);
  EXPECT_EQ(date.text(), "Sun, 06 Nov 1994 08:49:38 GMT");
}

} // namespace
} // namespace authd::http
