// SPDX-License-Identifier: Apache-2.0
#include "pipeline/invalidation_hub.h"

#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

using Told = std::vector<std::string>;

class Ear final : public InvalidationHub::Listener {
 public:
  void invalidated(std::string_view key) override { told.push_back("invalidated " + std::string(key)); }
  void cleared() override { told.emplace_back("cleared"); }
  void missed() override { told.emplace_back("missed"); }
  void changed(std::string_view consumer) override { told.push_back("changed " + std::string(consumer)); }
  void all_changed() override { told.emplace_back("all_changed"); }
  Told told;
};

class InvalidationHubTest : public testing::Test {
 protected:
  plugin::ServiceUser of_minor(unsigned minor) const { return {&host_, "tier", minor}; }

  authd_host host_{};
  InvalidationHub hub_;
};

// Forgets nobody until it is let go, and remembers who was asked for.
class SlowLookup {
 public:
  void forget(const std::string& consumer) {
    if (forgotten.empty()) {
      begun_.set_value();
      let_go_.get_future().wait();
    }
    forgotten.push_back(consumer);
  }
  void await_begun() { begun_.get_future().wait(); }
  void let_go() { let_go_.set_value(); }

  std::vector<std::string> forgotten;

 private:
  std::promise<void> begun_;
  std::promise<void> let_go_;
};

} // namespace

TEST_F(InvalidationHubTest, TellsEveryListenerWhatATierReports) {
  Ear one, two;
  hub_.attach(one);
  hub_.attach(two);
  const auto tiers = hub_.tiers_for(of_minor(1));
  EXPECT_EQ(tiers->host, &host_);
  tiers->invalidated(tiers.get(), {"authd:v1:alice", 14});
  tiers->cleared(tiers.get());
  tiers->resync(tiers.get());
  EXPECT_EQ(one.told, (Told{"invalidated authd:v1:alice", "cleared", "missed"}));
  EXPECT_EQ(two.told, one.told);
}

TEST_F(InvalidationHubTest, TakesTheResyncOfATierOf1_0ForAClear) {
  Ear ear;
  hub_.attach(ear);
  const auto tiers = hub_.tiers_for(of_minor(0));
  tiers->resync(tiers.get());
  EXPECT_EQ(ear.told, Told{"cleared"});
}

// Two tiers of different minors are told apart by their tables.
TEST_F(InvalidationHubTest, KnowsWhoseTableItIs) {
  Ear ear;
  hub_.attach(ear);
  const auto old_tier = hub_.tiers_for(of_minor(0));
  const auto new_tier = hub_.tiers_for(of_minor(1));
  new_tier->resync(new_tier.get());
  old_tier->resync(old_tier.get());
  EXPECT_EQ(ear.told, (Told{"missed", "cleared"}));
}

TEST_F(InvalidationHubTest, TellsWhatAGatewayReports) {
  Ear ear;
  hub_.attach(ear);
  const auto consumers = hub_.consumers_for(of_minor(1));
  consumers->changed(consumers.get(), {"alice", 5});
  consumers->all_changed(consumers.get());
  EXPECT_EQ(ear.told, (Told{"changed alice", "all_changed"}));
}

TEST_F(InvalidationHubTest, TellsNothingToWhoWasDetached) {
  Ear gone, here;
  hub_.attach(gone);
  hub_.attach(here);
  hub_.detach(gone);
  const auto tiers = hub_.tiers_for(of_minor(1));
  tiers->cleared(tiers.get());
  EXPECT_EQ(gone.told, Told{});
  EXPECT_EQ(here.told, Told{"cleared"});
}

TEST(ConsumerChanges, AreCarriedOutOnAnotherThread) {
  std::promise<std::thread::id> done;
  ConsumerChanges changes([&](const std::string&) { done.set_value(std::this_thread::get_id()); }, [] {});
  changes.add("alice");
  EXPECT_NE(done.get_future().get(), std::this_thread::get_id());
}

// A file with ten thousand consumers is read again: what comes while a worker is busy is neither lost nor
// queued without bound.
TEST(ConsumerChanges, AreAllCarriedOutHoweverManyCome) {
  SlowLookup lookup;
  ConsumerChanges changes([&](const std::string& consumer) { lookup.forget(consumer); }, [] {});
  changes.add("first");
  lookup.await_begun();
  for (int i = 0; i < 10'000; ++i) changes.add("consumer-" + std::to_string(i % 5'000));
  lookup.let_go();
  changes.stop();
  EXPECT_EQ(lookup.forgotten.size(), 5'001u);
}

TEST(ConsumerChanges, OfAllMakeTheSingleOnesUnnecessary) {
  SlowLookup lookup;
  int all = 0;
  ConsumerChanges changes([&](const std::string& consumer) { lookup.forget(consumer); }, [&] { ++all; });
  changes.add("first");
  lookup.await_begun();
  changes.add("second");
  changes.add_all();
  lookup.let_go();
  changes.stop();
  EXPECT_EQ(lookup.forgotten, std::vector<std::string>{"first"});
  EXPECT_EQ(all, 1);
}

} // namespace authd::pipeline
