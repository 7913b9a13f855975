// SPDX-License-Identifier: Apache-2.0
// kong-gateway's built file against answers as Kong 3.9 gave them.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "authd/gateway.h"
#include "plugin_host.h"
#include "recording_sink.h"

namespace authd::test {
namespace {

constexpr const char* kToken = "planted-token-0123456789abcdef-x";
constexpr const char* kConsumer = "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0";
constexpr const char* kNotFound = R"({"message":"Not found"})";
constexpr const char* kEmptyList = R"({"data":[],"next":null})";
constexpr const char* kHtml400 = "<html>\n<head><title>400 Bad Request</title></head>\n<body>\n"
                                 "<center><h1>400 Bad Request</h1></center>\n</body>\n</html>\n";

class KongGatewayPlugin : public testing::Test {
 protected:
  std::unique_ptr<PluginHost> host_;
  TestCall call_;
  RecordingSink out_;

  void SetUp() override { use({{"/admin_url", "http://kong:8001"}, {"/admin_token", kToken}}); }
  void TearDown() override {
    EXPECT_EQ((host_->everything_logged() + call_.message + host_->lifecycle_call().message).find("planted"),
              std::string::npos)
        << "a secret was shown";
  }

  void use(Settings settings) {
    host_ = std::make_unique<PluginHost>(PLUGIN_FILE, std::move(settings));
    ASSERT_EQ(host_->create(), AUTHD_OK) << host_->lifecycle_call().message;
  }
  const authd_gateway_ops& ops() const { return host_->ops<authd_gateway_ops>(); }
  authd_status get(std::string_view consumer = kConsumer) {
    return ops().get_secret(host_->self(), call_.abi(), str(consumer), &out_);
  }
  authd_status create() {
    const authd_proposal proposal{sizeof proposal, 0, str("key-1"), str("HS256"),
                                  bytes("0123456789abcdef0123456789abcdef")};
    return ops().create_secret(host_->self(), call_.abi(), str(kConsumer), &proposal, &out_);
  }
  authd_status remove(std::string_view id = "7eab0b10-1867-4227-88a5-4ac6311c10c1") {
    return ops().delete_secret(host_->self(), call_.abi(), str(kConsumer), str(id));
  }
  struct Probe {
    authd_status status;
    std::uint32_t state;
    std::string detail, endpoint;
  };
  Probe probe() {
    TestOut detail, endpoint;
    authd_health health{sizeof health, AUTHD_HEALTH_UP, detail.abi(), endpoint.abi()};
    const authd_status status = ops().probe(host_->self(), call_.abi(), &health);
    return {status, health.state, detail.bytes, endpoint.bytes};
  }
  const HttpExchange& sent(std::size_t i = 0) const { return host_->exchanges().at(i); }
};

TEST_F(KongGatewayPlugin, ListsCredentialsWithItsToken) {
  host_->answer({200, R"({"data":[{"consumer":{"id":"c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0"},"created_at":1795329344,)"
                      R"("key":"key-1","secret":"0123456789abcdef0123456789abcdef",)"
                      R"("id":"7eab0b10-1867-4227-88a5-4ac6311c10c1","rsa_public_key":null,"tags":null,)"
                      R"("algorithm":"HS256"}],"next":null})"});
  ASSERT_EQ(get(), AUTHD_OK) << call_.message;
  ASSERT_EQ(out_.all.size(), 1u);
  EXPECT_EQ(out_.all[0].id, "7eab0b10-1867-4227-88a5-4ac6311c10c1");
  EXPECT_EQ(out_.all[0].key, "key-1");
  EXPECT_EQ(out_.all[0].algorithm, "HS256");
  EXPECT_EQ(out_.all[0].secret, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(out_.all[0].created_at, 1795329344);

  EXPECT_EQ(sent().method, "GET");
  EXPECT_EQ(sent().url, "http://kong:8001/consumers/c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0/jwt");
  EXPECT_EQ(sent().headers.at("Kong-Admin-Token"), kToken);
  EXPECT_EQ(sent().flags, AUTHD_HTTP_IDEMPOTENT);
  EXPECT_EQ(sent().pool_size, 10u);
  EXPECT_EQ(sent().connect_timeout_ms, 5000u);
  EXPECT_EQ(sent().max_attempts, 2u);
  EXPECT_EQ(sent().retry_base_ms, 100u);
}

TEST_F(KongGatewayPlugin, TellsAConsumerWithoutCredentialsFromNoConsumer) {
  host_->answer({200, kEmptyList});
  host_->answer({404, kNotFound});
  EXPECT_EQ(get(), AUTHD_OK);
  EXPECT_EQ(get(), AUTHD_NOT_FOUND);
  EXPECT_EQ(call_.upstream_status, 404);
  EXPECT_TRUE(out_.all.empty());
}

TEST_F(KongGatewayPlugin, UsesItsSettings) {
  use({{"/admin_url", "https://gw.example:8443/admin-api/"},
       {"/admin_token", std::string("Bearer ") + kToken},
       {"/admin_token_header", "apikey"},
       {"/pool_size", std::int64_t{3}},
       {"/connect_timeout", std::int64_t{250}},
       {"/max_attempts", std::int64_t{4}},
       {"/retry_base", std::int64_t{30}}});
  host_->answer({200, R"({"data":[],"next":"/consumers/x/jwt?offset=abc"})"});
  host_->answer({200, kEmptyList});
  ASSERT_EQ(get("example-consumer"), AUTHD_OK);
  EXPECT_EQ(sent().url, "https://gw.example:8443/admin-api/consumers/example-consumer/jwt");
  EXPECT_EQ(sent().headers.at("apikey"), kToken);
  EXPECT_EQ(sent().headers.count("Kong-Admin-Token"), 0u);
  EXPECT_EQ(sent().pool_size, 3u);
  EXPECT_EQ(sent().connect_timeout_ms, 250u);
  EXPECT_EQ(sent().max_attempts, 4u);
  EXPECT_EQ(sent().retry_base_ms, 30u);
  EXPECT_EQ(sent(1).url, "https://gw.example:8443/admin-api/consumers/example-consumer/jwt?offset=abc");
  EXPECT_EQ(sent(1).headers.at("apikey"), kToken);
}

TEST_F(KongGatewayPlugin, RefusesSettingsThatCannotWork) {
  const std::vector<std::pair<const char*, Settings>> broken = {
      {"/admin_url", {}},
      {"/admin_url", {{"/admin_url", "http://user:planted@kong:8001"}}},
      {"/admin_token", {{"/admin_url", "http://kong"}, {"/admin_token", "planted\r\nX-Evil: 1"}}},
      {"/admin_token_header", {{"/admin_url", "http://kong"}, {"/admin_token_header", "X Evil:"}}},
  };
  for (const auto& [setting, settings] : broken) {
    PluginHost host(PLUGIN_FILE, settings);
    EXPECT_EQ(host.create(), AUTHD_INVALID);
    EXPECT_EQ(host.lifecycle_call().setting, setting);
    EXPECT_EQ(host.lifecycle_call().message.find("planted"), std::string::npos) << host.lifecycle_call().message;
  }
}

TEST_F(KongGatewayPlugin, SaysAtOnceAllThatIsWrongWithItsSettings) {
  PluginHost host(PLUGIN_FILE, {{"/admin_url", "kong"}, {"/admin_token", "a b"}, {"/admin_token_header", ":"}});
  EXPECT_EQ(host.create(), AUTHD_INVALID);
  std::vector<std::string> problems = host.lifecycle_call().problems;
  std::sort(problems.begin(), problems.end());
  EXPECT_EQ(problems, (std::vector<std::string>{"/admin_token: must be visible ASCII without blanks",
                                                "/admin_token_header: is not the name of a header",
                                                "/admin_url: must begin with http:// or https://"}));
}

// Which does not read authd_error.setting.
TEST_F(KongGatewayPlugin, NamesTheSettingInTheMessageToAHostOf1_0) {
  PluginHost host(PLUGIN_FILE, {{"/admin_url", "kong"}});
  host.be_of_minor(0);
  EXPECT_EQ(host.create(), AUTHD_INVALID);
  EXPECT_EQ(host.lifecycle_call().message, "admin_url: must begin with http:// or https://");
}

TEST_F(KongGatewayPlugin, EncodesTheConsumerAsOneSegment) {
  for (int i = 0; i < 2; ++i) host_->answer({200, kEmptyList});
  EXPECT_EQ(get("x?y=1#z/\xf0\x9f\x98\x80 %2e"), AUTHD_OK);
  EXPECT_EQ(sent().url, "http://kong:8001/consumers/x%3Fy%3D1%23z%2F%F0%9F%98%80%20%252e/jwt");
  EXPECT_EQ(get(std::string(256, '/')), AUTHD_OK);
}

TEST_F(KongGatewayPlugin, NeverAsksKongForIdsThatWouldLeadElsewhere) {
  for (const char* id : {"", ".", "..", "a/../b", "../../status"}) EXPECT_EQ(get(id), AUTHD_INVALID) << id;
  EXPECT_TRUE(host_->exchanges().empty());
}

std::string page_of(int first, int last, const std::string& next) {
  std::string data;
  for (int i = first; i <= last; ++i)
    data += (data.empty() ? "" : ",") +
            (R"({"id":")" + std::to_string(i) + R"(","key":"pk-)" + std::to_string(i) +
             R"(","secret":"s","created_at":1,"algorithm":")") +
            (i % 10 == 0 ? "RS256" : "HS256") + R"("})";
  return R"({"offset":"WyJm","data":[)" + data + R"(],"next":)" + next + "}";
}

TEST_F(KongGatewayPlugin, FollowsPages) {
  host_->answer({200, page_of(1, 100, R"("/consumers/test-user-2/jwt?offset=WyJmN2Fk")")});
  host_->answer({200, page_of(101, 150, "null")});
  ASSERT_EQ(get("test-user-2"), AUTHD_OK) << call_.message;
  EXPECT_EQ(out_.all.size(), 150u);
  EXPECT_EQ(out_.all[9].algorithm, "RS256");
  EXPECT_EQ(sent(1).url, "http://kong:8001/consumers/test-user-2/jwt?offset=WyJmN2Fk");
}

TEST_F(KongGatewayPlugin, CannotBeLedAwayByThePathOfTheNextPage) {
  host_->answer({200, page_of(1, 1, R"("//evil.example/consumers/other/jwt?offset=a@b")")});
  host_->answer({200, kEmptyList});
  ASSERT_EQ(get("me"), AUTHD_OK);
  EXPECT_EQ(sent(1).url, "http://kong:8001/consumers/me/jwt?offset=a@b");
}

TEST_F(KongGatewayPlugin, RefusesLinksThatAreNoPathWithAQuery) {
  for (const char* next : {R"("http://evil.example/?offset=1")", R"("/consumers/x/jwt")", R"("?offset=1")", R"("")",
                           R"("/x?a b")", R"("/x?a\r\nX: 1")", R"("/x?a#b")", "7"}) {
    host_->answer({200, page_of(1, 1, next)});
    EXPECT_EQ(get(), AUTHD_CORRUPT) << next;
  }
  EXPECT_TRUE(out_.all.empty());
}

TEST_F(KongGatewayPlugin, StopsWhenPagesGoInACircleOrNeverEnd) {
  host_->answer({200, page_of(1, 1, R"("/x?offset=a")")});
  host_->answer({200, page_of(1, 1, R"("/x?offset=b")")});
  host_->answer({200, page_of(1, 1, R"("/x?offset=a")")});
  EXPECT_EQ(get(), AUTHD_CORRUPT);
  EXPECT_EQ(host_->exchanges().size(), 3u);

  for (int i = 0; i < 30; ++i) host_->answer({200, page_of(1, 1, "\"/x?offset=" + std::to_string(i) + "\"")});
  EXPECT_EQ(get(), AUTHD_CORRUPT);
  EXPECT_EQ(host_->exchanges().size(), 3u + 20u);
  EXPECT_TRUE(out_.all.empty());
}

TEST_F(KongGatewayPlugin, BlamesKongNotTheConsumerForARefusedOffset) {
  host_->answer({200, page_of(1, 1, R"("/x?offset=a")")});
  host_->answer(
      {400, R"({"name":"invalid offset","message":"'a' is not a valid offset: bad json encoding","code":7})"});
  EXPECT_EQ(get(), AUTHD_CORRUPT);
}

TEST_F(KongGatewayPlugin, SkipsUnusableCredentialsWithAWarning) {
  host_->answer({200, R"({"data":[{"key":"a","secret":null},{"key":5,"secret":"planted"},)"
                      R"({"key":"c","secret":"s"}],"next":null})"});
  ASSERT_EQ(get(), AUTHD_OK);
  ASSERT_EQ(out_.all.size(), 1u);
  EXPECT_EQ(out_.all[0].key, "c");
  ASSERT_EQ(host_->log().size(), 2u);
  EXPECT_EQ(host_->log()[0].level, AUTHD_LOG_WARN);
}

TEST_F(KongGatewayPlugin, StopsWhenTheSinkIsFull) {
  out_.verdict = AUTHD_INVALID;
  host_->answer({200, page_of(1, 5, "null")});
  EXPECT_EQ(get(), AUTHD_INVALID);
  EXPECT_EQ(out_.all.size(), 1u);
}

struct Meaning {
  HttpAnswer answer;
  authd_status status;
};

TEST_F(KongGatewayPlugin, ClassifiesWhatIsNoSuccess) {
  const std::vector<Meaning> meanings = {
      {{404, kNotFound}, AUTHD_NOT_FOUND},
      {{404, "<html>404</html>"}, AUTHD_UNAVAILABLE},
      {{404, R"({"message":"no Route matched with those values"})"}, AUTHD_UNAVAILABLE},
      {{404, ""}, AUTHD_UNAVAILABLE},
      {{400, kHtml400}, AUTHD_INVALID},
      {{400, R"({"message":"invalid unique","code":10})"}, AUTHD_INVALID},
      {{400, "<title>400 The plain HTTP request was sent to HTTPS port</title>"}, AUTHD_UNAVAILABLE},
      {{400, "<title>400 No required SSL certificate was sent</title>"}, AUTHD_UNAVAILABLE},
      {{400, "<title>400 Request Header Or Cookie Too Large</title>"}, AUTHD_UNAVAILABLE},
      {{414, "<html></html>"}, AUTHD_INVALID},
      {{401, R"({"message":"Unauthorized"})"}, AUTHD_DENIED},
      {{403, ""}, AUTHD_DENIED},
      {{405, R"({"message":"Method not allowed"})"}, AUTHD_UNAVAILABLE},
      {{409, R"({"code":5})"}, AUTHD_CONFLICT},
      {{302, ""}, AUTHD_UNAVAILABLE},
      {{204, ""}, AUTHD_CORRUPT},
      {{201, kEmptyList}, AUTHD_CORRUPT},
      {{200, "<html></html>"}, AUTHD_CORRUPT},
      {{200, "{}"}, AUTHD_CORRUPT},
      {{500, R"({"message":"An unexpected error occurred"})"}, AUTHD_UNAVAILABLE},
      {{503, ""}, AUTHD_UNAVAILABLE},
      {{415, "<html></html>"}, AUTHD_UNAVAILABLE},
      {{0, "", {}, AUTHD_TIMEOUT}, AUTHD_TIMEOUT},
      {{0, "", {}, AUTHD_UNAVAILABLE}, AUTHD_UNAVAILABLE},
  };
  for (const Meaning& m : meanings) {
    call_ = TestCall();
    host_->answer(m.answer);
    EXPECT_EQ(get(), m.status) << m.answer.status << " " << m.answer.body;
    if (m.answer.failure == AUTHD_OK) {
      EXPECT_EQ(call_.upstream_status, m.answer.status);
      EXPECT_FALSE(call_.message.empty());
    }
  }
  EXPECT_TRUE(out_.all.empty());
}

TEST_F(KongGatewayPlugin, NamesTheSettingWhenItsTokenIsRefused) {
  host_->answer({401, "{\n  \"message\":\"Unauthorized\"\n}"});
  EXPECT_EQ(get(), AUTHD_DENIED);
  EXPECT_NE(call_.message.find("gateway.admin_token"), std::string::npos) << call_.message;
}

TEST_F(KongGatewayPlugin, PassesOnHowLongToWait) {
  host_->answer({429, "", {{"retry-after", "7"}}});
  EXPECT_EQ(get(), AUTHD_RATE_LIMITED);
  EXPECT_EQ(call_.retry_after_ms, 7000u);
  host_->answer({503, "", {{"Retry-After", "99999999999"}}});
  EXPECT_EQ(get(), AUTHD_UNAVAILABLE);
  EXPECT_EQ(call_.retry_after_ms, 86400000u);
  for (const char* odd : {"-1", "soon", "7s", "99999999999999999999", ""}) {
    host_->answer({429, "", {{"Retry-After", odd}}});
    EXPECT_EQ(get(), AUTHD_RATE_LIMITED);
    EXPECT_EQ(call_.retry_after_ms, 0u) << odd;
  }
}

TEST_F(KongGatewayPlugin, CreatesOnceWithWhatTheHostProposes) {
  host_->answer({201, R"({"consumer":{"id":"c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0"},"created_at":1795329344,)"
                      R"("key":"key-1","secret":"0123456789abcdef0123456789abcdef",)"
                      R"("id":"7eab0b10-1867-4227-88a5-4ac6311c10c1","algorithm":"HS256"})"});
  ASSERT_EQ(create(), AUTHD_OK) << call_.message;
  ASSERT_EQ(out_.all.size(), 1u);
  EXPECT_EQ(out_.all[0].id, "7eab0b10-1867-4227-88a5-4ac6311c10c1");
  EXPECT_EQ(sent().method, "POST");
  EXPECT_EQ(sent().url, std::string("http://kong:8001/consumers/") + kConsumer + "/jwt");
  EXPECT_EQ(sent().body,
            R"({"key":"key-1","secret":"0123456789abcdef0123456789abcdef","algorithm":"HS256","tags":["authd"]})");
  EXPECT_EQ(sent().headers.at("Content-Type"), "application/json");
  EXPECT_EQ(sent().flags, 0u) << "a POST must not be sent again";
  EXPECT_EQ(host_->exchanges().size(), 1u);
}

TEST_F(KongGatewayPlugin, CreatesWithTheTagsOfItsSetting) {
  for (const auto& [tags, sent_as] : {std::pair(std::vector<std::string>{"team:a b", "\xe2\x82\xac"},
                                                std::string(R"(,"tags":["team:a b","\u20AC"])")),
                                      {{}, ""}}) {
    use({{"/admin_url", "http://kong:8001"}, {"/tags", tags}});
    host_->answer({201, R"({"key":"key-1","secret":"s","id":"7eab","algorithm":"HS256"})"});
    ASSERT_EQ(create(), AUTHD_OK) << call_.message;
    EXPECT_EQ(sent().body,
              R"({"key":"key-1","secret":"0123456789abcdef0123456789abcdef","algorithm":"HS256")" + sent_as + "}");
  }
}

TEST_F(KongGatewayPlugin, RefusesTagsThatKongWouldRefuse) {
  PluginHost host(PLUGIN_FILE,
                  {{"/admin_url", "http://kong:8001"}, {"/tags", std::vector<std::string>{"authd", "a,b"}}});
  EXPECT_EQ(host.create(), AUTHD_INVALID);
  EXPECT_EQ(host.lifecycle_call().setting, "/tags/1");
  EXPECT_NE(host.lifecycle_call().message.find("a comma or a slash"), std::string::npos);
}

TEST_F(KongGatewayPlugin, ClassifiesAFailedCreateAndNeverRepeatsIt) {
  const std::vector<Meaning> meanings = {
      {{409, R"({"message":"UNIQUE violation detected on '{key=\"key-1\"}'","name":"unique constraint violation",)"
             R"("fields":{"key":"key-1"},"code":5})"},
       AUTHD_CONFLICT},
      {{405, R"({"message":"cannot create 'jwt_secrets' entities when not using a database",)"
             R"("name":"operation unsupported","code":12})"},
       AUTHD_UNSUPPORTED},
      {{404, kNotFound}, AUTHD_NOT_FOUND},
      {{500, R"({"message":"An unexpected error occurred"})"}, AUTHD_UNAVAILABLE},
      {{201, "created"}, AUTHD_CORRUPT},
      {{200, kEmptyList}, AUTHD_CORRUPT},
      {{0, "", {}, AUTHD_TIMEOUT}, AUTHD_TIMEOUT},
  };
  std::size_t sent_before = 0;
  for (const Meaning& m : meanings) {
    host_->answer(m.answer);
    EXPECT_EQ(create(), m.status) << m.answer.status << " " << m.answer.body;
    EXPECT_EQ(host_->exchanges().size(), ++sent_before);
  }
}

// What Kong will not create for this consumer is that consumer's matter; what fails is Kong's.
TEST_F(KongGatewayPlugin, TellsACreateThatIsRefusedFromOneThatFails) {
  const std::vector<Meaning> meanings = {
      {{400, R"({"message":"schema violation: key is too long","code":2})"}, AUTHD_INVALID},
      {{400, "<title>400 The plain HTTP request was sent to HTTPS port</title>"}, AUTHD_UNAVAILABLE},
      {{401, R"({"message":"Unauthorized"})"}, AUTHD_DENIED},
      {{403, R"({"message":"reader, you do not have permissions to create this resource"})"}, AUTHD_DENIED},
      {{404, R"({"message":"no Route matched with those values"})"}, AUTHD_UNSUPPORTED},
      {{405, "<html>405</html>"}, AUTHD_UNSUPPORTED},
      {{413, "<html>413</html>"}, AUTHD_INVALID},
      {{429, ""}, AUTHD_RATE_LIMITED},
      {{503, ""}, AUTHD_UNAVAILABLE},
  };
  for (const Meaning& m : meanings) {
    call_ = TestCall();
    host_->answer(m.answer);
    EXPECT_EQ(create(), m.status) << m.answer.status << " " << m.answer.body;
  }
  host_->answer({403, R"({"message":"reader, you do not have permissions to create this resource"})"});
  EXPECT_EQ(create(), AUTHD_DENIED);
  EXPECT_NE(call_.message.find("you do not have permissions"), std::string::npos) << call_.message;
}

TEST_F(KongGatewayPlugin, DeletesAlsoWhatIsGone) {
  host_->answer({204, ""});
  host_->answer({404, kNotFound});
  host_->answer({404, "<html></html>"});
  host_->answer({405, R"({"message":"cannot remove","code":12})"});
  EXPECT_EQ(remove(), AUTHD_OK);
  EXPECT_EQ(remove(), AUTHD_OK);
  EXPECT_EQ(remove(), AUTHD_UNAVAILABLE);
  EXPECT_EQ(remove(), AUTHD_UNSUPPORTED);
  EXPECT_EQ(sent().method, "DELETE");
  EXPECT_EQ(sent().url,
            std::string("http://kong:8001/consumers/") + kConsumer + "/jwt/7eab0b10-1867-4227-88a5-4ac6311c10c1");
  EXPECT_EQ(remove(".."), AUTHD_INVALID);
}

TEST_F(KongGatewayPlugin, ResolvesANameToKongsId) {
  TestOut id;
  const auto resolve = [&] { return ops().resolve(host_->self(), call_.abi(), str("test user"), id.abi()); };
  host_->answer({200, R"({"username":"test user","custom_id":null,"id":"bc98f7df-58c1-4092-a012-ddfdf51ea249"})"});
  EXPECT_EQ(resolve(), AUTHD_OK);
  EXPECT_EQ(id.bytes, "bc98f7df-58c1-4092-a012-ddfdf51ea249");
  EXPECT_EQ(sent().url, "http://kong:8001/consumers/test%20user");
  host_->answer({404, kNotFound});
  EXPECT_EQ(resolve(), AUTHD_NOT_FOUND);
  host_->answer({200, R"({"id":"../../status"})"});
  EXPECT_EQ(resolve(), AUTHD_CORRUPT);
  EXPECT_EQ(id.puts, 1);
}

TEST_F(KongGatewayPlugin, IsUpOnlyWhenKongReachesItsDatabase) {
  host_->answer({200, R"({"server":{"total_requests":1},"database":{"reachable":true},"memory":{}})"});
  auto health = probe();
  EXPECT_EQ(health.status, AUTHD_OK);
  EXPECT_EQ(health.state, AUTHD_HEALTH_UP);
  EXPECT_EQ(health.endpoint, "http://kong:8001");
  EXPECT_EQ(sent().url, "http://kong:8001/status");

  host_->answer({200, R"({"server":{"total_requests":1},"database":{"reachable":false},"memory":{}})"});
  health = probe();
  EXPECT_EQ(health.status, AUTHD_OK);
  EXPECT_EQ(health.state, AUTHD_HEALTH_DOWN);
  EXPECT_NE(health.detail.find("database"), std::string::npos);

  host_->answer({200, R"({"server":{"total_requests":8},"memory":{},"configuration_hash":"1e69"})"});
  EXPECT_EQ(probe().state, AUTHD_HEALTH_UP) << "Kong without a database";
}

TEST_F(KongGatewayPlugin, FailsItsProbeWhenKongDoesNotAnswerAsKong) {
  for (const Meaning& m : std::vector<Meaning>{{{401, ""}, AUTHD_DENIED},
                                               {{404, kNotFound}, AUTHD_UNAVAILABLE},
                                               {{200, "pong"}, AUTHD_CORRUPT},
                                               {{502, ""}, AUTHD_UNAVAILABLE},
                                               {{0, "", {}, AUTHD_TIMEOUT}, AUTHD_TIMEOUT}}) {
    host_->answer(m.answer);
    EXPECT_EQ(probe().status, m.status) << m.answer.status;
  }
}

} // namespace
} // namespace authd::test
