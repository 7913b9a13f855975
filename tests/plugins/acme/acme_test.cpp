// SPDX-License-Identifier: Apache-2.0
// The adapter that docs/plugins.md shows: what authors copy must classify well.
#include <gtest/gtest.h>

#include "authd/gateway.h"
#include "plugin_host.h"
#include "recording_sink.h"

namespace authd::test {
namespace {

class AcmePlugin : public testing::Test {
 protected:
  PluginHost host_{PLUGIN_FILE, {{"/url", "https://acme/api/"}, {"/token", "planted-token"}}};
  TestCall call_;
  RecordingSink out_;

  void SetUp() override { ASSERT_EQ(host_.create(), AUTHD_OK) << host_.lifecycle_call().message; }
  const authd_gateway_ops& ops() const { return host_.ops<authd_gateway_ops>(); }
  authd_status get(std::string_view consumer = "alice") {
    return ops().get_secret(host_.self(), call_.abi(), str(consumer), &out_);
  }
};

TEST_F(AcmePlugin, PutsTheSecretThatAcmeAnswers) {
  host_.answer({200, "the-secret"});
  ASSERT_EQ(get("a/b"), AUTHD_OK) << call_.message;
  ASSERT_EQ(out_.all.size(), 1u);
  EXPECT_EQ(out_.all[0].key, "a/b");
  EXPECT_EQ(out_.all[0].algorithm, "HS256");
  EXPECT_EQ(out_.all[0].secret, "the-secret");
  EXPECT_EQ(host_.exchanges()[0].url, "https://acme/api/secrets/a%2Fb");
  EXPECT_EQ(host_.exchanges()[0].headers.at("Authorization"), "Bearer planted-token");
}

TEST_F(AcmePlugin, TellsRefusalsFromFailures) {
  const std::pair<int, authd_status> cases[] = {
      {404, AUTHD_NOT_FOUND},   {401, AUTHD_DENIED},      {403, AUTHD_DENIED},      {429, AUTHD_RATE_LIMITED},
      {500, AUTHD_UNAVAILABLE}, {503, AUTHD_UNAVAILABLE}, {400, AUTHD_UNAVAILABLE}, {204, AUTHD_UNAVAILABLE},
  };
  for (const auto& [answered, status] : cases) {
    host_.answer({answered, "", {{"retry-after", "7"}}});
    EXPECT_EQ(get(), status) << answered;
  }
  EXPECT_TRUE(out_.all.empty());
}

TEST_F(AcmePlugin, SaysHowLongToWait) {
  const std::pair<const char*, std::uint32_t> cases[] = {
      {"7", 7000}, {"-7", 0}, {"Wed, 21 Oct 2026 07:28:00 GMT", 0}, {"99999999999", 0}, {"999999", 86'400'000}};
  for (const auto& [header, wait_ms] : cases) {
    host_.answer({429, "", {{"Retry-After", header}}});
    EXPECT_EQ(get(), AUTHD_RATE_LIMITED);
    EXPECT_EQ(call_.retry_after_ms, wait_ms) << header;
  }
}

TEST_F(AcmePlugin, BlamesTheConsumerForItsNameAlone) {
  EXPECT_EQ(get("../health"), AUTHD_INVALID);
  EXPECT_TRUE(host_.exchanges().empty());
  HttpAnswer refused;
  refused.failure = AUTHD_INVALID;
  host_.answer(refused);
  EXPECT_EQ(get(), AUTHD_INTERNAL);
  refused.failure = AUTHD_TIMEOUT;
  host_.answer(refused);
  EXPECT_EQ(get(), AUTHD_TIMEOUT);
}

TEST_F(AcmePlugin, ProbesWithItsToken) {
  TestOut detail, endpoint;
  authd_health health{sizeof health, AUTHD_HEALTH_UP, detail.abi(), endpoint.abi()};
  host_.answer({200, ""});
  EXPECT_EQ(ops().probe(host_.self(), call_.abi(), &health), AUTHD_OK);
  EXPECT_EQ(health.state, static_cast<std::uint32_t>(AUTHD_HEALTH_UP));
  EXPECT_EQ(endpoint.bytes, "https://acme/api");
  EXPECT_EQ(host_.exchanges()[0].headers.at("Authorization"), "Bearer planted-token");
  host_.answer({401, ""});
  EXPECT_EQ(ops().probe(host_.self(), call_.abi(), &health), AUTHD_DENIED);
  EXPECT_EQ(call_.message.find("planted"), std::string::npos) << call_.message;
}

} // namespace
} // namespace authd::test
