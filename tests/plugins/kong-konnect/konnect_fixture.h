// SPDX-License-Identifier: Apache-2.0
// kong-konnect's built file in a host in miniature, which answers in Konnect's place.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "authd/gateway.h"
#include "plugin_host.h"
#include "recording_sink.h"

namespace authd::test {

inline const std::string kPlane = "https://eu.api.konghq.com/v2/control-planes/9524ec7d-36d9-465d-a8c5-83a3c9390458";
inline const std::string kConsumers = kPlane + "/core-entities/consumers";
inline const std::string kId = "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0";
inline const std::string kToken = "kpat_planted-0123456789abcdef0123456789";
inline const std::string kFirstPage = "/jwt?size=1000";

inline const HttpAnswer kNoCredentials{200, R"({"data":[],"next":null})"};
inline const HttpAnswer kNoSuchThing{404, R"({"message":"Not found","status":404})"};
inline const HttpAnswer kSomeConsumers{200, R"({"data":[{"id":"bc98f7df-58c1-4092-a012-ddfdf51ea249"}]})"};
inline const HttpAnswer kAliceIs{200, R"({"username":"alice","custom_id":null,"tags":null,"id":")" + kId + R"("})"};

inline HttpAnswer credentials(const std::string& list, const std::string& rest) {
  return {200, R"({"data":[)" + list + "]" + rest + "}"};
}

inline std::string credential(const std::string& key) {
  return R"({"id":"i-)" + key + R"(","key":")" + key + R"(","secret":"s","algorithm":"HS256","created_at":1})";
}

class KonnectPlugin : public testing::Test {
 protected:
  std::unique_ptr<PluginHost> host_;
  TestCall call_;
  RecordingSink out_;

  void SetUp() override { use({{"/realm", ""}}); }
  void TearDown() override {
    const std::string said = host_->everything_logged() + call_.message + host_->lifecycle_call().message;
    EXPECT_EQ(said.find("planted"), std::string::npos) << "a secret was shown: " << said;
    host_.reset();
    EXPECT_EQ(PluginHost::own_calls_open(), 0);
  }

  void use(const Settings& changed) {
    host_ = std::make_unique<PluginHost>(PLUGIN_FILE, with(changed));
    ASSERT_EQ(host_->create(), AUTHD_OK) << host_->lifecycle_call().message;
  }
  static Settings with(const Settings& changed) {
    Settings settings{{"/admin_url", kPlane}, {"/admin_token", kToken}};
    for (const auto& [pointer, value] : changed) settings[pointer] = value;
    return settings;
  }
  static std::string refusal(const Settings& changed) {
    PluginHost host(PLUGIN_FILE, with(changed));
    EXPECT_EQ(host.create(), AUTHD_INVALID);
    return host.lifecycle_call().setting + ": " + host.lifecycle_call().message;
  }
  const authd_gateway_ops& ops() const { return host_->ops<authd_gateway_ops>(); }
  authd_status get(std::string_view consumer = kId) {
    call_ = TestCall();
    return ops().get_secret(host_->self(), call_.abi(), str(consumer), &out_);
  }
  authd_status create(std::string_view consumer = kId) {
    call_ = TestCall();
    const authd_proposal proposal{sizeof proposal, 0, str("key-1"), str("HS256"), bytes("planted-secret")};
    return ops().create_secret(host_->self(), call_.abi(), str(consumer), &proposal, &out_);
  }
  authd_status remove(std::string_view consumer, std::string_view id) {
    return ops().delete_secret(host_->self(), call_.abi(), str(consumer), str(id));
  }
  struct Probe {
    authd_status status;
    std::uint32_t state;
    std::string detail, endpoint;
  };
  Probe probe() {
    call_ = TestCall();
    TestOut detail, endpoint;
    authd_health health{sizeof health, AUTHD_HEALTH_UP, detail.abi(), endpoint.abi()};
    const authd_status status = ops().probe(host_->self(), call_.abi(), &health);
    return {status, health.state, detail.bytes, endpoint.bytes};
  }
  const HttpExchange& sent(std::size_t i = 0) const { return host_->exchanges().at(i); }
};

} // namespace authd::test
