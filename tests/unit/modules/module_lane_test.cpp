// SPDX-License-Identifier: Apache-2.0
#include "modules/module_lane.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace authd::modules {
namespace {

constexpr seconds kPatience{20};

// Jobs that end when they are told to.
class Gate {
 public:
  std::function<void()> job(int number) {
    return [this, number] {
      std::unique_lock lock(mutex_);
      begun_.insert(number);
      changed_.notify_all();
      changed_.wait(lock, [this] { return open_; });
    };
  }
  bool await_begun(std::set<int> numbers) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return begun_ == numbers; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<int> begun_;
  bool open_ = false;
};

TEST(ModuleShare, LeavesTheOtherWorkersToOthers) {
  Gate gate;
  pipeline::BlockingLane lane(4, 100);
  const auto greedy = std::make_shared<ModuleShare>(lane, 2, 3);
  const auto other = std::make_shared<ModuleShare>(lane, 2, 3);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(greedy->submit(gate.job(i))) << i;
  EXPECT_FALSE(greedy->submit(gate.job(5))) << "two run and three wait";
  EXPECT_EQ(greedy->running(), 2u);
  EXPECT_EQ(greedy->waiting(), 3u);
  EXPECT_TRUE(other->submit(gate.job(10)));
  EXPECT_TRUE(gate.await_begun({0, 1, 10})) << "those of the greedy one that wait hold no worker";
  gate.open();
  EXPECT_TRUE(gate.await_begun({0, 1, 2, 3, 4, 10})) << "what was let in is run";
  lane.stop();
  EXPECT_EQ(greedy->running(), 0u);
  EXPECT_EQ(greedy->waiting(), 0u);
}

TEST(ModuleShare, TakesNothingMoreOnceTheLaneHasStopped) {
  pipeline::BlockingLane lane(1, 10);
  const auto share = std::make_shared<ModuleShare>(lane, 1, 10);
  lane.stop();
  EXPECT_FALSE(share->submit([] {}));
  EXPECT_EQ(share->running(), 0u);
}

} // namespace
} // namespace authd::modules
