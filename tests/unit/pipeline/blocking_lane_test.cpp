// SPDX-License-Identifier: Apache-2.0
#include "pipeline/blocking_lane.h"

#include <atomic>
#include <future>
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

using Job = BlockingLane::Job;
using Kind = BlockingLane::Kind;

Job job(std::function<void()> work, Kind kind = Kind::other) {
  Job made = BlockingLane::plain_job(std::move(work));
  made.kind = kind;
  return made;
}
Job background(std::function<void()> work) {
  Job nobody_waits = job(std::move(work));
  nobody_waits.wanted_until = nullptr;
  return nobody_waits;
}

TEST(BlockingLane, RunsAsManyJobsAtOnceAsItHasWorkers) {
  BlockingLane lane(4, 16);
  std::latch all_running(4); // each waits for the others: fewer workers would never get past it
  std::atomic<int> done{0};
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(lane.submit(job([&] {
      all_running.arrive_and_wait();
      ++done;
    })));
  }
  lane.stop();
  EXPECT_EQ(done, 4);
}

TEST(BlockingLane, RefusesWhatItsQueueCannotHold) {
  std::promise<void> started, release; // outlive the worker that waits for them
  BlockingLane lane(1, 2);
  ASSERT_TRUE(lane.submit(job([&] {
    started.set_value();
    release.get_future().wait();
  })));
  started.get_future().wait();
  EXPECT_TRUE(lane.submit(job([] {})));
  EXPECT_TRUE(lane.submit(job([] {})));
  EXPECT_FALSE(lane.submit(job([] {})));
  EXPECT_EQ(lane.queued(), 2u);
  release.set_value();
}

TEST(BlockingLane, FinishesWhatIsQueuedBeforeItStopsAndTakesNoMore) {
  BlockingLane lane(1, 100);
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(lane.submit(job([&] { ++done; })));
  lane.stop();
  EXPECT_EQ(done, 50);
  EXPECT_FALSE(lane.submit(job([] {})));
}

// A lane whose one worker is busy until a test lets it go.
class BusyLane : public testing::Test {
 protected:
  void SetUp() override { occupy(); }
  void TearDown() override {
    let_go();
    lane.stop();
  }
  void occupy() {
    std::promise<void> started;
    release = std::promise<void>();
    released = false;
    ASSERT_TRUE(lane.submit(job([this, &started] {
      started.set_value();
      release.get_future().wait();
    })));
    started.get_future().wait();
  }
  void let_go() {
    if (!std::exchange(released, true)) release.set_value();
  }
  Job noting(const std::string& name) {
    return job([this, name] { order.push_back(name); });
  }

  std::promise<void> release;
  bool released = false;
  std::vector<std::string> order; // touched by the worker, read once it has ended
  BlockingLane lane{1, 3};
};

TEST_F(BusyLane, RunsWhatSomebodyWaitsForBeforeWhatNobodyDoes) {
  ASSERT_TRUE(lane.submit(background([this] { order.push_back("background"); })));
  ASSERT_TRUE(lane.submit(noting("first")));
  ASSERT_TRUE(lane.submit(noting("second")));
  let_go();
  lane.stop();
  EXPECT_EQ(order, (std::vector<std::string>{"first", "second", "background"}));
}

TEST_F(BusyLane, RunsWhatNobodyWaitsForAnyMoreLast) {
  Job given_up = noting("given up");
  given_up.wanted_until = [] { return SteadyTime::min(); };
  ASSERT_TRUE(lane.submit(std::move(given_up)));
  ASSERT_TRUE(lane.submit(noting("wanted")));
  let_go();
  lane.stop();
  EXPECT_EQ(order, (std::vector<std::string>{"wanted", "given up"}));
}

TEST_F(BusyLane, GivesUpWhatNobodyWaitsForWhenThereIsNoRoom) {
  int discarded = 0;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(lane.submit(background([] {})));
  EXPECT_FALSE(lane.submit(background([] {})));
  Job given_up = noting("given up");
  given_up.wanted_until = [] { return SteadyTime::min(); };
  given_up.discarded = [&] { ++discarded; };
  ASSERT_TRUE(lane.submit(std::move(given_up))) << "room for what is waited for is counted apart";
  let_go();
  lane.stop();
  EXPECT_EQ(discarded, 1);
  EXPECT_TRUE(order.empty());
}

TEST_F(BusyLane, RefusesWhatCouldNotBeginInTimeByTheServiceTimeOfItsKind) {
  // A job of this kind takes fifty milliseconds, as the lane has seen.
  const auto slow = [] {
    const SteadyTime end = steady_now() + milliseconds(50);
    while (steady_now() < end) std::this_thread::yield();
  };
  ASSERT_TRUE(lane.submit(job(slow, Kind::lookup)));
  let_go();
  const SteadyTime give_up = steady_now() + seconds(20);
  while (lane.queued() > 0 || lane.expected_wait() > milliseconds(0)) ASSERT_LT(steady_now(), give_up);
  occupy();
  ASSERT_TRUE(lane.submit(job([] {}, Kind::lookup), milliseconds(60)));
  EXPECT_GE(lane.expected_wait(), milliseconds(50)) << "one of its kind waits before it";
  EXPECT_FALSE(lane.submit(job([] {}, Kind::lookup), milliseconds(49)));
  EXPECT_TRUE(lane.submit(job([] {}, Kind::lookup), milliseconds(60'000)));
  EXPECT_GE(lane.expected_wait(), milliseconds(100));
}

// What is queued does not wait for the one that hangs.
TEST(BlockingLane, ExpectsNothingOfAWorkerThatHangsAndNoWaitForTheOthers) {
  std::promise<void> started, release, busy, go; // before the lane, whose end waits for the workers that use them
  BlockingLane lane(2, 100);
  ASSERT_TRUE(lane.submit(job([&] {
    started.set_value();
    release.get_future().wait();
  })));
  started.get_future().wait();
  const SteadyTime hung = steady_now() + milliseconds(300);
  while (steady_now() < hung) std::this_thread::yield();
  ASSERT_TRUE(lane.submit(job([&] {
    busy.set_value();
    go.get_future().wait();
  })));
  busy.get_future().wait();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(lane.submit(job([] {}), milliseconds(250))) << i;
  go.set_value();
  release.set_value();
}

} // namespace
} // namespace authd::pipeline
