// SPDX-License-Identifier: Apache-2.0
// kong-konnect's built file against scripted answers of Konnect: the realm, ensured in the background.
#include <string>

#include "konnect_fixture.h"

namespace authd::test {
namespace {

class KonnectRealm : public KonnectPlugin {
 protected:
  void SetUp() override { use({}); }
  void start() { ASSERT_EQ(host_->start(), AUTHD_OK) << host_->lifecycle_call().message; }
  std::size_t warnings() const {
    std::size_t n = 0;
    for (const LogLine& line : host_->log()) n += line.level == AUTHD_LOG_WARN ? 1 : 0;
    return n;
  }
  Probe probe_of_a_well_konnect() {
    host_->answer(kSomeConsumers);
    return probe();
  }
};

TEST_F(KonnectRealm, IsFoundOnceAndLeftAlone) {
  host_->answer({200, R"({"id":"1","name":"auth-realm-9524ec7d"})"});
  start();
  ASSERT_TRUE(host_->wait_for_log("realm-ready", 1));
  host_->stop();
  ASSERT_EQ(host_->exchanges().size(), 1u);
  EXPECT_EQ(sent().method, "GET");
  EXPECT_EQ(sent().url, "https://eu.api.konghq.com/v1/realms/auth-realm-9524ec7d");
  EXPECT_EQ(sent().headers.at("Authorization"), "Bearer " + kToken);
  EXPECT_EQ(warnings(), 0u);
}

TEST_F(KonnectRealm, IsMadeWhenThereIsNone) {
  use({{"/admin_url", "http://cp:8443/pre/v2/control-planes/9524ec7d-36d9-465d-a8c5-83a3c9390458"},
       {"/realm", "my \"realm\"/1"}});
  host_->answer(kNoSuchThing);
  host_->answer({201, "{}"});
  start();
  ASSERT_TRUE(host_->wait_for_log("realm-ready", 1));
  host_->stop();
  ASSERT_EQ(host_->exchanges().size(), 2u);
  EXPECT_EQ(sent(0).url, "http://cp:8443/pre/v1/realms/my%20%22realm%22%2F1");
  EXPECT_EQ(sent(1).method, "POST");
  EXPECT_EQ(sent(1).url, "http://cp:8443/pre/v1/realms");
  EXPECT_EQ(sent(1).flags, 0u);
  EXPECT_EQ(sent(1).body,
            R"({"name":"my \"realm\"\/1","allowed_control_planes":["9524ec7d-36d9-465d-a8c5-83a3c9390458"]})");
}

TEST_F(KonnectRealm, IsNamedAfterTheStartOfAnIdThatIsNoUuid) {
  use({{"/admin_url", "https://us.api.konghq.com/v2/control-planes/abc123"}});
  host_->answer(kNoSuchThing);
  host_->answer({201, "{}"});
  start();
  ASSERT_TRUE(host_->wait_for_log("realm-ready", 1));
  host_->stop();
  EXPECT_EQ(sent(0).url, "https://us.api.konghq.com/v1/realms/auth-realm-abc123");
  EXPECT_EQ(sent(1).body, R"({"name":"auth-realm-abc123","allowed_control_planes":["abc123"]})");
}

TEST_F(KonnectRealm, IsCalledDefaultWhereTheBaseNamesNoControlPlane) {
  use({{"/admin_url", "http://cp:8443/pre"}});
  host_->answer(kNoSuchThing);
  host_->answer({201, "{}"});
  start();
  ASSERT_TRUE(host_->wait_for_log("realm-ready", 1));
  host_->stop();
  EXPECT_EQ(sent(0).url, "http://cp:8443/pre/realms/default");
  EXPECT_EQ(sent(1).url, "http://cp:8443/pre/realms");
  EXPECT_EQ(sent(1).body, R"({"name":"default"})");
}

TEST_F(KonnectRealm, IsNoTroubleWhenAnotherInstanceMadeItMeanwhile) {
  host_->answer(kNoSuchThing);
  host_->answer({409, R"({"status":409,"title":"Conflict","instance":"konnect:trace:4","detail":"exists"})"});
  start();
  ASSERT_TRUE(host_->wait_for_log("realm-ready", 1));
  host_->stop();
  EXPECT_EQ(warnings(), 0u);
  EXPECT_EQ(probe_of_a_well_konnect().state, AUTHD_HEALTH_UP);
}

TEST_F(KonnectRealm, FailsOnceInTheLogAndInTheHealthReportButFailsNoToken) {
  host_->answer({403, R"({"status":403,"title":"Forbidden","instance":"konnect:trace:5","detail":"no"})"});
  start();
  ASSERT_TRUE(host_->wait_for_log("realm-not-ready", 1));
  const std::string said = host_->everything_logged();
  for (const char* part : {"auth-realm-9524ec7d", "gateway.admin_token", "konnect:trace:5"})
    EXPECT_NE(said.find(part), std::string::npos) << said;
  host_->stop();

  const Probe health = probe_of_a_well_konnect();
  EXPECT_EQ(health.status, AUTHD_OK);
  EXPECT_EQ(health.state, AUTHD_HEALTH_DEGRADED);
  EXPECT_NE(health.detail.find("auth-realm-9524ec7d"), std::string::npos) << health.detail;
  host_->answer(credentials(credential("k"), ""));
  EXPECT_EQ(get(), AUTHD_OK);
}

TEST_F(KonnectRealm, IsTriedAgainAndForgivenWithOneWarningInAll) {
  host_->answer({0, "connection refused", {}, AUTHD_UNAVAILABLE});
  host_->answer({500, ""});
  host_->answer({200, "{}"});
  start();
  ASSERT_TRUE(host_->wait_for_log("realm-ready", 1, std::chrono::seconds(30)));
  host_->stop();
  EXPECT_EQ(host_->exchanges().size(), 3u);
  EXPECT_EQ(warnings(), 1u) << host_->everything_logged();
  EXPECT_NE(host_->everything_logged().find("connection refused"), std::string::npos);
  EXPECT_EQ(probe_of_a_well_konnect().state, AUTHD_HEALTH_UP);
}

TEST_F(KonnectRealm, IsNotWaitedForWhenAuthdStops) {
  host_->answer({0, "", {}, AUTHD_OK, true});
  start();
  ASSERT_TRUE(host_->wait_for_exchanges(1));
  host_->stop(); // would wait for ever
  EXPECT_EQ(PluginHost::own_calls_open(), 0);
  EXPECT_EQ(warnings(), 0u) << host_->everything_logged();

  use({});
  host_->answer({429, "", {{"Retry-After", "86400"}}});
  start();
  ASSERT_TRUE(host_->wait_for_log("realm-not-ready", 1));
  host_->stop(); // would wait for a day
  EXPECT_EQ(host_->exchanges().size(), 1u);
}

TEST_F(KonnectRealm, IsNotAskedForWhenItIsEmpty) {
  use({{"/realm", ""}});
  start();
  EXPECT_EQ(probe_of_a_well_konnect().state, AUTHD_HEALTH_UP);
  host_->stop();
  EXPECT_EQ(host_->exchanges().size(), 1u);
}

} // namespace
} // namespace authd::test
