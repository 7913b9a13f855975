// SPDX-License-Identifier: Apache-2.0
#include "pipeline/invalidation_hub.h"

#include <string>
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

} // namespace authd::pipeline
