// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "fixtures.h"
#include "scripted.h"

namespace authd::plugin {
namespace {

using test::CapturedLog;
using test::Scripted;

using Life = std::vector<std::string>;

class InstanceLife : public testing::Test {
 protected:
  CapturedLog log_;
  Scripted plugin_{AUTHD_GATEWAY_V1};
};

} // namespace

TEST_F(InstanceLife, RunsFromCreateToDestroy) {
  {
    const auto instance = plugin_.adopted(log_.get());
    EXPECT_TRUE(instance->start().has_value());
    EXPECT_TRUE(instance->start().has_value());
    instance->stop();
    instance->stop();
  }
  EXPECT_EQ(plugin_.script.life, (Life{"create", "start", "stop", "destroy"}));
}

TEST_F(InstanceLife, StopsBeforeItDestroys) {
  EXPECT_TRUE(plugin_.adopted(log_.get())->start().has_value());
  EXPECT_EQ(plugin_.script.life, (Life{"create", "start", "stop", "destroy"}));
}

TEST_F(InstanceLife, IsNotStoppedIfItWasNotStarted) {
  plugin_.adopted(log_.get());
  EXPECT_EQ(plugin_.script.life, (Life{"create", "destroy"}));
}

TEST_F(InstanceLife, IsDestroyedAfterAFailedStart) {
  plugin_.script.start = [this](const authd_call* call) {
    const authd_error error{sizeof error, 0, 0, 0, to_abi("no licence"), {}};
    return plugin_.script.host->fail(plugin_.script.host, call, AUTHD_DENIED, &error);
  };
  {
    const auto started = plugin_.adopted(log_.get())->start();
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().code, RefusalCode::start_failed);
    EXPECT_NE(started.error().line.find("(denied): no licence"), std::string::npos) << started.error().line;
  }
  EXPECT_EQ(plugin_.script.life, (Life{"create", "start", "destroy"}));
}

TEST_F(InstanceLife, BlamesTheSettingsForNoBackendThatIsDown) {
  authd_status status = AUTHD_UNAVAILABLE;
  plugin_.script.start = [&](auto) { return status; };
  const auto unavailable = plugin_.adopted(log_.get())->start().error().line;
  EXPECT_NE(unavailable.find("Check that authd can reach what the plugin needs"), std::string::npos) << unavailable;
  EXPECT_EQ(unavailable.find("settings"), std::string::npos) << unavailable;
  status = AUTHD_INVALID;
  const auto invalid = plugin_.adopted(log_.get())->start().error().line;
  EXPECT_NE(invalid.find("Correct its settings"), std::string::npos) << invalid;
}

TEST_F(InstanceLife, ReportsEachProblemOfAFailedCreateWithItsSetting) {
  plugin_.script.create = [](const authd_host* host, const authd_cfg*, const authd_call* call) {
    const authd_error url{sizeof url, 0, 0, 0, to_abi("names no host"), to_abi("/url")};
    const authd_error licence{sizeof licence, 0, 0, 0, to_abi("no licence"), {}};
    const authd_error of_1_0{32, 0, 0, 0, to_abi("too old to name one"), to_abi("/never/read")};
    host->fail(host, call, AUTHD_INVALID, &url);
    host->fail(host, call, AUTHD_DENIED, &licence);
    return host->fail(host, call, AUTHD_INVALID, &of_1_0);
  };
  const Refusal refusal = plugin_.try_adopt(log_.get()).error();
  EXPECT_NE(refusal.line.find("(invalid): /url: names no host; no licence; too old to name one."), std::string::npos)
      << refusal.line;
  ASSERT_EQ(refusal.problems.size(), 3u);
  EXPECT_EQ(refusal.problems[0].setting, "/url");
  EXPECT_EQ(refusal.problems[0].what, "names no host");
  EXPECT_EQ(refusal.problems[1].setting, "");
  EXPECT_EQ(refusal.problems[1].line,
            "scripted: scripted cannot be created (denied): no licence. Correct its settings. [AP-023]");
  EXPECT_EQ(refusal.problems[2].setting, "");
}

TEST_F(InstanceLife, ReportsSixtyFourProblemsAtMost) {
  plugin_.script.create = [](const authd_host* host, const authd_cfg*, const authd_call* call) {
    const authd_error again{sizeof again, 0, 0, 0, to_abi("again"), {}};
    for (int i = 0; i < 10'000; ++i) host->fail(host, call, AUTHD_INVALID, &again);
    return AUTHD_INVALID;
  };
  EXPECT_EQ(plugin_.try_adopt(log_.get()).error().problems.size(), 64u);
}

TEST_F(InstanceLife, IsNotDestroyedAfterAFailedCreate) {
  plugin_.script.create = [](auto, auto, auto) { return AUTHD_INVALID; };
  EXPECT_EQ(plugin_.try_adopt(log_.get()).error().code, RefusalCode::create_failed);
  plugin_.script.create = [](auto, auto, auto) -> authd_status { throw std::runtime_error("x"); };
  EXPECT_EQ(plugin_.try_adopt(log_.get()).error().code, RefusalCode::create_threw);
  EXPECT_EQ(plugin_.script.life, (Life{"create", "create"}));
}

TEST_F(InstanceLife, DoesWithoutStartAndStop) {
  plugin_.lifecycle.start = nullptr;
  plugin_.lifecycle.stop = nullptr;
  EXPECT_TRUE(plugin_.adopted(log_.get())->start().has_value());
  EXPECT_EQ(plugin_.script.life, (Life{"create", "destroy"}));
}

TEST_F(InstanceLife, IsRefusedWithoutItsTables) {
  plugin_.component.lifecycle = nullptr;
  EXPECT_EQ(plugin_.try_adopt(log_.get()).error().code, RefusalCode::bad_descriptor);
}

// The loader has no list of kinds: what it does not know it creates, and the proxy of the kind judges.
TEST_F(InstanceLife, IsMadeOfKindsThatNobodyHasWrittenAProxyFor) {
  plugin_.component.kind = "authd.endpoint/1";
  EXPECT_TRUE(plugin_.try_adopt(log_.get()).has_value());
}

} // namespace authd::plugin
