// SPDX-License-Identifier: Apache-2.0
#include "pipeline/blocking_lane.h"

#include <atomic>
#include <future>
#include <latch>

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

TEST(BlockingLane, RunsAsManyJobsAtOnceAsItHasWorkers) {
  BlockingLane lane(4, 16);
  std::latch all_running(4); // each waits for the others: fewer workers would never get past it
  std::atomic<int> done{0};
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(lane.submit([&] {
      all_running.arrive_and_wait();
      ++done;
    }));
  }
  lane.stop();
  EXPECT_EQ(done, 4);
}

TEST(BlockingLane, RefusesWhatItsQueueCannotHold) {
  std::promise<void> started, release; // outlive the worker that waits for them
  BlockingLane lane(1, 2);
  ASSERT_TRUE(lane.submit([&] {
    started.set_value();
    release.get_future().wait();
  }));
  started.get_future().wait();
  EXPECT_TRUE(lane.submit([] {}));
  EXPECT_TRUE(lane.submit([] {}));
  EXPECT_FALSE(lane.submit([] {}));
  EXPECT_EQ(lane.queued(), 2u);
  release.set_value();
}

TEST(BlockingLane, FinishesWhatIsQueuedBeforeItStopsAndTakesNoMore) {
  BlockingLane lane(1, 100);
  std::atomic<int> done{0};
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(lane.submit([&] { ++done; }));
  lane.stop();
  EXPECT_EQ(done, 50);
  EXPECT_FALSE(lane.submit([] {}));
}

} // namespace
} // namespace authd::pipeline
