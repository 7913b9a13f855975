// SPDX-License-Identifier: Apache-2.0
#include "pipeline/flight.h"

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

constexpr milliseconds kTimeout{60'000};

LookupResult found(std::string record) {
  auto copy = std::make_shared<Found>();
  copy->record = std::move(record);
  return LookupResult(std::move(copy));
}

class EventRecorder final : public Recorder {
 public:
  void gateway_called(const GatewayReport&) override {}
  void breaker_moved(std::string_view, CircuitBreaker::Transition) override {}
  void tier_failed(const TierReport&) override {}
  void lookup_event(LookupEvent event) override {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
  }
  std::vector<LookupEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<LookupEvent> events_;
};

// Reading finds nothing; fetching waits until it is released.
class FlightTest : public testing::Test, private FlightStages {
 protected:
  ~FlightTest() override { lanes.stop(); }

  FlightPtr join(std::string_view consumer = "alice") {
    auto flight = table.join_or_start(
        consumer, [this](const LookupResult&) { ++answered; }, [] { return false; });
    return flight ? *flight : nullptr;
  }
  void finish() {
    release.set_value();
    lanes.reads.stop(); // its jobs hand over to the gateway's lane
    lanes.gateway.stop();
  }

  Lanes lanes{1, 8};
  EventRecorder recorder;
  FlightTable table{kTimeout, lanes, *this, recorder};
  bool has_blocking_tier = false;
  std::atomic<int> reads{0}, fetches{0}, failures{0}, answered{0};
  std::promise<void> release;

 private:
  bool can_read(SteadyTime) const override { return has_blocking_tier; }
  void read(const FlightPtr& flight, bool) override {
    ++reads;
    if (auto refused = table.requeue(flight)) fail(flight, *refused);
  }
  bool fetch(const FlightPtr& flight, SteadyTime) override {
    ++fetches;
    released.wait();
    table.complete(flight, found("record"));
    return true;
  }
  void fail(const FlightPtr& flight, Error error) override {
    ++failures;
    table.complete(flight, Failure<>(std::move(error)));
  }

  std::shared_future<void> released{release.get_future().share()};
};

TEST_F(FlightTest, IsSharedByAllWhoJoinIt) {
  const FlightPtr first = join();
  EXPECT_EQ(join(), first);
  EXPECT_TRUE(table.start_in_background("alice", true)) << "one is under way";
  finish();
  EXPECT_EQ(recorder.events(), std::vector{LookupEvent::coalesced});
  EXPECT_EQ(fetches, 1);
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(failures, 0);
}

// Who joins a flight that nobody waited for makes it go first, with a job of its own beside the one that is last.
TEST_F(FlightTest, FetchesOnceAlsoWithTwoJobs) {
  join("bob");
  while (fetches == 0) std::this_thread::yield(); // the only worker is busy
  ASSERT_TRUE(table.start_in_background("alice", false));
  ASSERT_NE(join(), nullptr);
  EXPECT_EQ(lanes.gateway.queued(), 2U);
  finish();
  EXPECT_EQ(fetches, 2) << "bob's and alice's";
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(failures, 0);
}

TEST_F(FlightTest, IsNotStartedWhenThereIsACopy) {
  const auto flight = table.join_or_start("alice", nullptr, [] { return true; });
  ASSERT_TRUE(flight);
  EXPECT_EQ(*flight, nullptr);
  finish();
  EXPECT_EQ(fetches, 0);
}

TEST_F(FlightTest, GoesFromTheBlockingTiersToTheGateway) {
  has_blocking_tier = true;
  const FlightPtr flight = join();
  finish();
  EXPECT_EQ(reads, 1);
  EXPECT_EQ(fetches, 1);
  EXPECT_EQ(answered, 1);
}

TEST_F(FlightTest, IsFollowedByAnotherOnceItIsComplete) {
  const FlightPtr first = join();
  release.set_value();
  while (answered == 0) std::this_thread::yield();
  EXPECT_NE(join(), first);
  lanes.gateway.stop();
  EXPECT_EQ(fetches, 2);
}

TEST_F(FlightTest, TellsAWaiterWhenToAskAgain) {
  const FlightPtr flight = join();
  while (fetches == 0) std::this_thread::yield();
  const auto verdict = table.on_deadline(flight);
  ASSERT_TRUE(std::holds_alternative<SteadyTime>(verdict));
  EXPECT_GT(std::get<SteadyTime>(verdict), steady_now());
  finish();
}

} // namespace
} // namespace authd::pipeline
