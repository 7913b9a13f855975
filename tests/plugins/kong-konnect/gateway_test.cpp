// SPDX-License-Identifier: Apache-2.0
// kong-konnect's built file against scripted answers of Konnect: what becomes of a consumer.
#include <string>
#include <vector>

#include "konnect_fixture.h"

namespace authd::test {
namespace {

struct Meaning {
  HttpAnswer answer;
  authd_status status;
};

TEST_F(KonnectPlugin, ListsTheCredentialsOfAnIdAtOnceWithItsToken) {
  host_->answer(credentials(R"({"id":"7eab","key":"k","secret":"s","algorithm":"HS384","created_at":1795329344,)"
                            R"("rsa_public_key":null,"tags":null,"consumer":{"id":")" +
                                kId + R"("}})",
                            R"(,"next":null)"));
  ASSERT_EQ(get(), AUTHD_OK) << call_.message;
  ASSERT_EQ(out_.all.size(), 1u);
  EXPECT_EQ(out_.all[0].id, "7eab");
  EXPECT_EQ(out_.all[0].key, "k");
  EXPECT_EQ(out_.all[0].algorithm, "HS384");
  EXPECT_EQ(out_.all[0].secret, "s");
  EXPECT_EQ(out_.all[0].created_at, 1795329344);

  ASSERT_EQ(host_->exchanges().size(), 1u);
  EXPECT_EQ(sent().method, "GET");
  EXPECT_EQ(sent().url, kConsumers + "/" + kId + kFirstPage);
  EXPECT_EQ(sent().headers.at("Authorization"), "Bearer " + kToken);
  EXPECT_EQ(sent().flags, AUTHD_HTTP_IDEMPOTENT);
  EXPECT_EQ(sent().pool_size, 10u);
  EXPECT_EQ(sent().connect_timeout_ms, 5000u);
}

TEST_F(KonnectPlugin, AsksForTheIdOfAName) {
  host_->answer(kAliceIs);
  host_->answer(credentials(credential("k"), ""));
  ASSERT_EQ(get("alice w\xc3\xb6nd/er?"), AUTHD_OK) << call_.message;
  EXPECT_EQ(out_.all.size(), 1u);
  EXPECT_EQ(sent(0).url, kConsumers + "/alice%20w%C3%B6nd%2Fer%3F");
  EXPECT_EQ(sent(0).flags, AUTHD_HTTP_IDEMPOTENT);
  EXPECT_EQ(sent(1).url, kConsumers + "/" + kId + kFirstPage);
}

TEST_F(KonnectPlugin, NeverAsksForNamesThatWouldLeadElsewhere) {
  for (const char* name : {"", ".", "..", "a/../b", "../../realms"}) EXPECT_EQ(get(name), AUTHD_INVALID) << name;
  EXPECT_EQ(remove(kId, ".."), AUTHD_INVALID);
  EXPECT_TRUE(host_->exchanges().empty());
}

TEST_F(KonnectPlugin, RefusesAnIdThatIsNone) {
  host_->answer({200, R"({"username":"alice","id":"../../realms"})"});
  host_->answer({200, R"({"username":"alice","id":null})"});
  EXPECT_EQ(get("alice"), AUTHD_CORRUPT);
  EXPECT_EQ(get("alice"), AUTHD_CORRUPT);
  EXPECT_EQ(host_->exchanges().size(), 2u);
}

TEST_F(KonnectPlugin, UsesItsSettings) {
  use({{"/admin_url", "http://cp.internal:8443/konnect/v2/control-planes/9524EC7D-36d9-465d-a8c5-83a3c9390458//"},
       {"/admin_token", "bEARER " + kToken},
       {"/realm", ""},
       {"/pool_size", std::int64_t{3}},
       {"/connect_timeout", std::int64_t{250}}});
  host_->answer(kNoCredentials);
  ASSERT_EQ(get(), AUTHD_OK);
  EXPECT_EQ(sent().url,
            "http://cp.internal:8443/konnect/v2/control-planes/9524EC7D-36d9-465d-a8c5-83a3c9390458/core-entities/"
            "consumers/" +
                kId + kFirstPage);
  EXPECT_EQ(sent().headers.at("Authorization"), "Bearer " + kToken);
  EXPECT_EQ(sent().pool_size, 3u);
  EXPECT_EQ(sent().connect_timeout_ms, 250u);
}

TEST_F(KonnectPlugin, RefusesAUrlThatNamesNoControlPlaneAndSaysHowItLooks) {
  for (const char* url :
       {"https://eu.api.konghq.com", "https://eu.api.konghq.com/v2/control-planes/",
        "http://cp:8443/v2/control-planes/",
        "https://eu.api.konghq.com/v2/control-planes/9524ec7d-36d9-465d-a8c5-83a3c9390458/core-entities",
        "https://eu.api.konghq.com/v2/control-planes/..", "http://cp:8443/v2/control-planes/a/b",
        "https://eu.api.konghq.com/v3/control-planes/9524ec7d-36d9-465d-a8c5-83a3c9390458"}) {
    const std::string why = refusal({{"/admin_url", url}});
    EXPECT_NE(why.find("/admin_url: must end with"), std::string::npos) << why;
    EXPECT_NE(why.find("/v2/control-planes/"), std::string::npos) << why;
  }
  EXPECT_NE(
      refusal({{"/admin_url", "https://a:planted@eu.api.konghq.com/v2/control-planes/" + kId}}).find("/admin_url: "),
      std::string::npos);
}

TEST_F(KonnectPlugin, TakesAnyOneSegmentForTheControlPlanesIdAndWarnsWhenItIsNoUuid) {
  EXPECT_EQ(host_->everything_logged(), "");
  use({{"/admin_url", "https://us.api.konghq.com/v2/control-planes/abc123/"}, {"/realm", ""}});
  ASSERT_EQ(host_->log().size(), 1u);
  EXPECT_EQ(host_->log()[0].level, static_cast<std::uint32_t>(AUTHD_LOG_WARN));
  EXPECT_EQ(host_->log()[0].event, "configuration");
  EXPECT_EQ(host_->log()[0].message.rfind("gateway.admin_url: the control plane's id \"abc123\" is not a UUID", 0), 0u)
      << host_->log()[0].message;
  host_->answer(kNoCredentials);
  ASSERT_EQ(get(), AUTHD_OK);
  EXPECT_EQ(sent().url,
            "https://us.api.konghq.com/v2/control-planes/abc123/core-entities/consumers/" + kId + kFirstPage);
}

TEST_F(KonnectPlugin, TakesABaseWithoutAControlPlaneAsItStands) {
  use({{"/admin_url", "http://kong:8001/mock/admin/"}, {"/realm", ""}});
  EXPECT_EQ(host_->everything_logged(), "");
  host_->answer(kNoCredentials);
  ASSERT_EQ(get(), AUTHD_OK);
  EXPECT_EQ(sent().url, "http://kong:8001/mock/admin/core-entities/consumers/" + kId + kFirstPage);
}

TEST_F(KonnectPlugin, RefusesTokensAndRealmsThatCannotWork) {
  for (const char* token : {"", "Bearer ", "planted\r\nX-Evil: 1", "planted planted"}) {
    const std::string why = refusal({{"/admin_token", token}});
    EXPECT_NE(why.find("/admin_token: "), std::string::npos) << why;
    EXPECT_EQ(why.find("planted"), std::string::npos) << why;
  }
  EXPECT_NE(refusal({{"/realm", ".."}}).find("/realm: "), std::string::npos);
}

TEST_F(KonnectPlugin, FollowsOffsets) {
  host_->answer(credentials(credential("a"), R"(,"next":"/core-entities/x?offset=o%2F1","offset":"o/1&x")"));
  host_->answer(credentials(credential("b"), R"(,"offset":"o2")"));
  host_->answer(credentials(credential("c"), R"(,"offset":"o2")")); // repeats what it was asked for
  ASSERT_EQ(get(), AUTHD_OK) << call_.message;
  EXPECT_EQ(out_.all.size(), 3u);
  ASSERT_EQ(host_->exchanges().size(), 3u);
  EXPECT_EQ(sent(1).url, kConsumers + "/" + kId + kFirstPage + "&offset=o%2F1%26x");
  EXPECT_EQ(sent(2).url, kConsumers + "/" + kId + kFirstPage + "&offset=o2");
}

TEST_F(KonnectPlugin, FollowsTheLinkWhereThereIsNoOffset) {
  host_->answer(credentials(credential("a"), R"(,"next":"//evil.example/other?offset=o1")"));
  host_->answer(credentials(credential("b"), R"(,"next":null,"offset":"o2")")); // null says: the last
  ASSERT_EQ(get(), AUTHD_OK) << call_.message;
  EXPECT_EQ(out_.all.size(), 2u);
  ASSERT_EQ(host_->exchanges().size(), 2u);
  EXPECT_EQ(sent(1).url, kConsumers + "/" + kId + "/jwt?offset=o1");
}

TEST_F(KonnectPlugin, StopsWhenPagesGoInACircleOrNeverEnd) {
  for (const char* offset : {"a", "b", "a"})
    host_->answer(credentials(credential("k"), R"(,"offset":")" + std::string(offset) + "\""));
  EXPECT_EQ(get(), AUTHD_CORRUPT);
  EXPECT_EQ(host_->exchanges().size(), 3u);
  for (int i = 0; i < 30; ++i) host_->answer(credentials(credential("k"), R"(,"offset":")" + std::to_string(i) + "\""));
  EXPECT_EQ(get(), AUTHD_CORRUPT);
  EXPECT_EQ(host_->exchanges().size(), 3u + 20u);
  EXPECT_TRUE(out_.all.empty());
}

TEST_F(KonnectPlugin, TakesNullInAnyFieldAndAlgorithmsThatCannotSignHere) {
  host_->answer(credentials(R"({"id":null,"key":"a","secret":"s","algorithm":null,"created_at":null,"consumer":null},)"
                            R"({"id":"1","key":null,"secret":"planted","algorithm":"HS256"},)"
                            R"({"id":"2","key":"b","secret":null,"algorithm":"HS256"},)"
                            R"({"id":"3","key":"c","secret":null,"algorithm":"ES256K","rsa_public_key":null},)"
                            R"({"id":"4","key":"d","secret":"not to be used","algorithm":"EdDSA"},)"
                            R"({"id":"5","key":"e","algorithm":"ESB320"},)"
                            R"({"id":null,"key":null,"secret":null,"algorithm":null,"created_at":null})",
                            ""));
  ASSERT_EQ(get(), AUTHD_OK) << call_.message;
  ASSERT_EQ(out_.all.size(), 4u);
  EXPECT_EQ(out_.all[0].algorithm, "HS256");
  EXPECT_EQ(out_.all[0].secret, "s");
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(out_.all[i].secret, "");
  EXPECT_EQ(out_.all[1].algorithm, "ES256K");
  EXPECT_EQ(host_->log().size(), 3u) << host_->everything_logged();
}

TEST_F(KonnectPlugin, CallsAConsumerUnknownOnlyWhenItsControlPlaneIsThere) {
  for (const std::string& consumer : {kId, std::string("nobody")}) {
    host_->answer(kNoSuchThing);
    host_->answer(kSomeConsumers);
    EXPECT_EQ(get(consumer), AUTHD_NOT_FOUND);
    EXPECT_EQ(call_.upstream_status, 404);
    EXPECT_EQ(host_->exchanges().back().url, kConsumers + "?size=1");

    host_->answer(kNoSuchThing);
    host_->answer(kNoSuchThing);
    EXPECT_EQ(get(consumer), AUTHD_UNAVAILABLE);
    EXPECT_NE(call_.message.find("gateway.admin_url"), std::string::npos) << call_.message;

    host_->answer(kNoSuchThing);
    host_->answer({429, "", {{"Retry-After", "2"}}});
    EXPECT_EQ(get(consumer), AUTHD_RATE_LIMITED);
  }
}

TEST_F(KonnectPlugin, TellsAConsumerWithoutCredentialsFromNoConsumer) {
  host_->answer(kNoCredentials);
  EXPECT_EQ(get(), AUTHD_OK);
  EXPECT_TRUE(out_.all.empty());
}

TEST_F(KonnectPlugin, ClassifiesWhatIsNoSuccess) {
  const std::vector<Meaning> meanings = {
      {{401, R"({"message":"Unauthorized","status":401})"}, AUTHD_DENIED},
      {{401, ""}, AUTHD_DENIED},
      {{403, R"({"status":403,"title":"Forbidden","instance":"konnect:trace:1","detail":"no"})"}, AUTHD_DENIED},
      {{400, R"({"message":"invalid","status":400})"}, AUTHD_INVALID},
      {{414, ""}, AUTHD_INVALID},
      {{409, R"({"status":409})"}, AUTHD_CONFLICT},
      {{429, ""}, AUTHD_RATE_LIMITED},
      {{302, ""}, AUTHD_UNAVAILABLE},
      {{204, ""}, AUTHD_CORRUPT},
      {{200, "<html></html>"}, AUTHD_CORRUPT},
      {{405, ""}, AUTHD_UNAVAILABLE},
      {{500, R"({"status":500,"title":"Internal","instance":"konnect:trace:2","detail":"x"})"}, AUTHD_UNAVAILABLE},
      {{503, "<html></html>"}, AUTHD_UNAVAILABLE},
      {{0, "", {}, AUTHD_TIMEOUT}, AUTHD_TIMEOUT},
      {{0, "", {}, AUTHD_UNAVAILABLE}, AUTHD_UNAVAILABLE},
  };
  for (const Meaning& m : meanings) {
    host_->answer(m.answer);
    EXPECT_EQ(get("alice"), m.status) << m.answer.status << " " << m.answer.body;
    if (m.answer.failure == AUTHD_OK) {
      EXPECT_EQ(call_.upstream_status, m.answer.status);
      EXPECT_FALSE(call_.message.empty());
    }
  }
  EXPECT_TRUE(out_.all.empty());
}

TEST_F(KonnectPlugin, NeverBlamesTheConsumerForAPageThatIsRefused) {
  host_->answer({400, R"({"message":"invalid offset","status":400})"});
  EXPECT_EQ(get(), AUTHD_CORRUPT);
}

TEST_F(KonnectPlugin, NamesTheSettingWhenItsTokenIsRefusedAndTheTraceButNothingElse) {
  for (const int status : {401, 403}) {
    host_->answer({status, R"({"status":401,"title":"Unauthenticated","instance":"konnect:trace:3674017986744198214",)"
                           R"("detail":"the token )" +
                               kToken + R"( is expired"})"});
    EXPECT_EQ(get(), AUTHD_DENIED);
    EXPECT_NE(call_.message.find("gateway.admin_token"), std::string::npos) << call_.message;
    EXPECT_NE(call_.message.find("konnect:trace:3674017986744198214"), std::string::npos) << call_.message;
    EXPECT_EQ(call_.message.find("planted"), std::string::npos) << call_.message;
  }
  const std::vector<std::string> odd_traces = {"planted", "konnect:trace:1 planted", "konnect:" + std::string(200, '7'),
                                               R"(konnect:\r\nplanted)"};
  for (const std::string& odd : odd_traces) {
    host_->answer({500, R"({"status":500,"instance":")" + odd + R"("})"});
    EXPECT_EQ(get(), AUTHD_UNAVAILABLE);
    EXPECT_EQ(call_.message, "Konnect answered 500");
  }
}

TEST_F(KonnectPlugin, PassesOnHowLongToWait) {
  host_->answer({429, R"({"status":429,"title":"Rate Limited","instance":"konnect:trace:3"})", {{"retry-after", "7"}}});
  EXPECT_EQ(get(), AUTHD_RATE_LIMITED);
  EXPECT_EQ(call_.retry_after_ms, 7000u);
  EXPECT_NE(call_.message.find("konnect:trace:3"), std::string::npos) << call_.message;
  host_->answer({429, "", {{"Retry-After", "Fri, 31 Dec 2199 23:59:59 GMT"}}});
  EXPECT_EQ(get(), AUTHD_RATE_LIMITED);
  EXPECT_EQ(call_.retry_after_ms, 86400000u);
}

TEST_F(KonnectPlugin, CreatesOnceWithWhatTheHostProposes) {
  host_->answer({201, R"({"id":"7eab","key":"key-1","secret":"planted-secret","algorithm":"HS256","created_at":5})"});
  ASSERT_EQ(create(), AUTHD_OK) << call_.message;
  ASSERT_EQ(out_.all.size(), 1u);
  EXPECT_EQ(out_.all[0].secret, "planted-secret");
  ASSERT_EQ(host_->exchanges().size(), 1u);
  EXPECT_EQ(sent().method, "POST");
  EXPECT_EQ(sent().url, kConsumers + "/" + kId + "/jwt");
  EXPECT_EQ(sent().body, R"({"key":"key-1","secret":"planted-secret","algorithm":"HS256","tags":["authd"]})");
  EXPECT_EQ(sent().headers.at("Content-Type"), "application/json");
  EXPECT_EQ(sent().flags, 0u) << "a POST must not be sent again";
}

TEST_F(KonnectPlugin, CreatesWithTheTagsOfItsSetting) {
  use({{"/realm", ""}, {"/tags", std::vector<std::string>{}}});
  host_->answer({201, credential("key-1")});
  ASSERT_EQ(create(), AUTHD_OK) << call_.message;
  EXPECT_EQ(sent().body.find("tags"), std::string::npos) << sent().body;
  EXPECT_NE(refusal({{"/tags", std::vector<std::string>{"a/b"}}}).find("/tags/0: contains a comma or a slash"),
            std::string::npos);
}

TEST_F(KonnectPlugin, CreatesForANameBelowItsId) {
  host_->answer(kAliceIs);
  host_->answer({201, credential("key-1")});
  ASSERT_EQ(create("alice"), AUTHD_OK) << call_.message;
  EXPECT_EQ(sent(1).url, kConsumers + "/" + kId + "/jwt");
}

TEST_F(KonnectPlugin, ClassifiesAFailedCreateAndNeverRepeatsIt) {
  const std::vector<Meaning> meanings = {
      {{409, R"({"message":"conflict","status":409})"}, AUTHD_CONFLICT},
      {{400, R"({"code":3,"message":"data constraint error","details":[{"type":"ERROR_TYPE_REFERENCE","field":"key",)"
             R"("messages":["key (type: unique) constraint failed"]}]})"},
       AUTHD_CONFLICT},
      {{400, R"({"message":"unique constraint violation","status":400})"}, AUTHD_CONFLICT},
      {{400, R"({"code":3,"message":"validation error","details":[]})"}, AUTHD_INVALID},
      {{403, R"({"code":7,"message":"usage constraint error","details":[{"messages":["operation not permitted"]}]})"},
       AUTHD_UNSUPPORTED},
      {{500, ""}, AUTHD_UNAVAILABLE},
      {{201, "created"}, AUTHD_CORRUPT},
      {{200, R"({"data":[]})"}, AUTHD_CORRUPT},
      {{0, "", {}, AUTHD_TIMEOUT}, AUTHD_TIMEOUT},
  };
  std::size_t sent_before = 0;
  for (const Meaning& m : meanings) {
    host_->answer(m.answer);
    EXPECT_EQ(create(), m.status) << m.answer.status << " " << m.answer.body;
    EXPECT_EQ(host_->exchanges().size(), ++sent_before);
  }
  host_->answer(kNoSuchThing);
  host_->answer(kSomeConsumers);
  EXPECT_EQ(create(), AUTHD_NOT_FOUND);
}

TEST_F(KonnectPlugin, DeletesAlsoWhatIsGone) {
  host_->answer({204, ""});
  EXPECT_EQ(remove(kId, "7eab"), AUTHD_OK);
  EXPECT_EQ(sent().method, "DELETE");
  EXPECT_EQ(sent().url, kConsumers + "/" + kId + "/jwt/7eab");
  EXPECT_EQ(sent().flags, AUTHD_HTTP_IDEMPOTENT);
  for (const std::string& consumer : {kId, std::string("alice")}) {
    host_->answer(kNoSuchThing);
    host_->answer(kSomeConsumers);
    EXPECT_EQ(remove(consumer, "7eab"), AUTHD_OK) << consumer;
    host_->answer(kNoSuchThing);
    host_->answer({500, ""});
    EXPECT_EQ(remove(consumer, "7eab"), AUTHD_UNAVAILABLE) << consumer;
  }
}

TEST_F(KonnectPlugin, ResolvesANameToKonnectsId) {
  TestOut id;
  host_->answer(kAliceIs);
  EXPECT_EQ(ops().resolve(host_->self(), call_.abi(), str("alice"), id.abi()), AUTHD_OK);
  EXPECT_EQ(id.bytes, kId);
}

TEST_F(KonnectPlugin, IsUpWhenItAnswersForItsConsumers) {
  host_->answer(kSomeConsumers);
  const Probe health = probe();
  EXPECT_EQ(health.status, AUTHD_OK);
  EXPECT_EQ(health.state, AUTHD_HEALTH_UP);
  EXPECT_EQ(health.endpoint, kPlane);
  EXPECT_EQ(sent().url, kConsumers + "?size=1");
  for (const Meaning& m : std::vector<Meaning>{{{401, ""}, AUTHD_DENIED},
                                               {kNoSuchThing, AUTHD_UNAVAILABLE},
                                               {{200, "pong"}, AUTHD_CORRUPT},
                                               {{502, ""}, AUTHD_UNAVAILABLE},
                                               {{0, "", {}, AUTHD_TIMEOUT}, AUTHD_TIMEOUT}}) {
    host_->answer(m.answer);
    EXPECT_EQ(probe().status, m.status) << m.answer.status;
  }
}

} // namespace
} // namespace authd::test
