// SPDX-License-Identifier: Apache-2.0
#include "daemon/plugin_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "authd/cache.h"
#include "authd/gateway.h"
#include "fixtures.h"

namespace authd::daemon {
namespace {

using testing::ElementsAre;

// The test plugin "sample" is a gateway and a cache.
config::PluginUse sample(const std::string& name) {
  config::PluginUse use;
  use.plugin = "sample";
  use.name = name;
  return use;
}

config::Tier tier(const std::string& name) {
  config::Tier made;
  static_cast<config::PluginUse&>(made) = sample(name);
  return made;
}

class PluginSetTest : public testing::Test {
 protected:
  PluginSetTest() {
    config_.plugins.dir = AUTHD_TEST_PLUGINS;
    static_cast<config::PluginUse&>(config_.gateway) = sample("kong");
    config_.cache = {tier("near"), tier("far")};
  }

  PluginSet make(const PluginSet* previous = nullptr) { return {config_, loader_, policy_, previous, log_.get()}; }

  static std::vector<std::string> names_in(const PluginSet& set) {
    std::vector<std::string> names;
    for (const PluginSet::Running* one : set.running()) names.push_back(one->instance->name());
    return names;
  }
  static std::vector<bool> kept_in(const PluginSet& set) {
    std::vector<bool> kept;
    for (const PluginSet::Running* one : set.running()) kept.push_back(one->kept);
    return kept;
  }

  plugin::test::CapturedLog log_;
  const plugin::TrustPolicy policy_;
  const plugin::Loader loader_{policy_, {}, log_.get()};
  config::Config config_;
};

TEST_F(PluginSetTest, HasTheGatewayFirstThenTheTiers) {
  const PluginSet set = make();
  EXPECT_THAT(names_in(set), ElementsAre("kong", "near", "far"));
  EXPECT_EQ(set.gateway().plugin_id(), "org.example.sample");
  ASSERT_EQ(set.tiers().size(), 2U);
  EXPECT_EQ(set.tiers()[1].tier.name(), "far");
}

// A kind without a proxy of its own here: it is loaded and started all the same.
TEST_F(PluginSetTest, RunsPluginsOfOtherKindsToo) {
  config_.others[AUTHD_CACHE_V1] = {sample("store")};
  const PluginSet set = make();
  EXPECT_THAT(names_in(set), ElementsAre("kong", "near", "far", "store"));
  EXPECT_EQ(set.running().back()->kind, AUTHD_CACHE_V1);
  EXPECT_EQ(set.tiers().size(), 2U) << "it is no tier";
}

TEST_F(PluginSetTest, RefusesAPluginThatLacksTheOtherKind) {
  config_.others["acme.store/1"] = {sample("store")};
  try {
    make();
    FAIL() << "sample has no such component";
  } catch (const Refused& refused) {
    EXPECT_THAT(refused.what(), testing::HasSubstr("has no component of kind acme.store/1"));
  }
}

// By what it is and does, not by its position.
TEST_F(PluginSetTest, KeepsWhatIsTheSameWhereverItStands) {
  const PluginSet before = make();
  config_.cache = {tier("far"), tier("new"), tier("near")};
  const PluginSet after = make(&before);
  EXPECT_THAT(kept_in(after), ElementsAre(true, true, false, true));
  EXPECT_TRUE(after.kept_gateway());
  EXPECT_EQ(after.running()[1]->instance, before.running()[2]->instance);
  EXPECT_EQ(after.tiers()[2].pending, before.tiers()[0].pending);
}

TEST_F(PluginSetTest, TakesOverNoInstanceTwice) {
  config_.cache = {tier("near")};
  const PluginSet before = make();
  config_.cache = {tier("near"), tier("near")};
  const PluginSet after = make(&before);
  EXPECT_THAT(kept_in(after), ElementsAre(true, true, false));
}

} // namespace
} // namespace authd::daemon
