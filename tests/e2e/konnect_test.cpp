// SPDX-License-Identifier: Apache-2.0
// authd over Konnect: names and ids, the realm, limits of the rate, a token that is refused.
#include <csignal>
#include <cstdio>

#include "scene.h"
#include "support/fake_konnect.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

using Kind = KonnectFault::Kind;
using Operation = KonnectOperation;

constexpr std::chrono::seconds kPatience{20};
const Headers kAliceByName = consumer_headers("alice", "alice");

Settings konnect_settings(const FakeKonnect& konnect, const Scene::Change& change = {}) {
  Settings settings(konnect.url());
  settings.set_text("gateway", "plugin", "kong-konnect").set_text("gateway", "admin_token", konnect.token());
  if (change) change(settings);
  return settings;
}

// A Konnect with the consumer alice, who has one HS256 credential, and an authd in front of it.
class KonnectScene {
 public:
  explicit KonnectScene(const Scene::Change& change = {}, FakeKonnect::Options options = {})
      : konnect(std::move(options)), authd(konnect_settings(konnect, change)) {
    konnect.add_consumer("alice", kAliceId);
    konnect.add_credential(kAliceId, {"alice-key", kAliceSecret});
    authd.await_ready();
  }

  HttpReply tokens(const Headers& headers = kAlice) const { return get(authd.port(), "/tokens", headers); }
  // Asked again and again, since a probe is good for a second.
  HttpReply await_health(const std::string& status) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    HttpReply reply;
    do {
      reply = get(authd.port(), "/health");
    } while (parse_object(reply.body)->optValue<std::string>("status", "") != status &&
             std::chrono::steady_clock::now() < deadline);
    return reply;
  }

  FakeKonnect konnect;
  AuthdProcess authd;
};

std::string key_of(const HttpReply& reply) { return take_apart(token_of(reply)).claims->getValue<std::string>("key"); }

TEST(Konnect, IssuesTokensForAnIdAndForAName) {
  const KonnectScene scene;
  for (const Headers& headers : {kAlice, kAliceByName}) {
    const HttpReply reply = scene.tokens(headers);
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(key_of(reply), "alice-key");
  }
  const KonnectTraffic traffic = scene.konnect.traffic();
  EXPECT_EQ(traffic[Operation::list], 2u);
  EXPECT_EQ(traffic[Operation::consumer], 1u);
  std::printf("tokens by id and by name: 2, for %zu lists and %zu look-up of the name\n", traffic[Operation::list],
              traffic[Operation::consumer]);
}

TEST(Konnect, KeepsPortAndPrefixOfAControlPlaneOfOnesOwn) {
  FakeKonnect::Options options;
  options.prefix = "/on/premises";
  const KonnectScene scene({}, options);
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_TRUE(scene.authd.await_event("realm-ready", kPatience));
}

TEST(Konnect, TakesAnIdThatIsNoUuidWithAWarningThatConfigCheckGivesToo) {
  FakeKonnect::Options options;
  options.control_plane = "abc123";
  const KonnectScene scene({}, options);
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_EQ(scene.tokens(kAliceByName).status, 200);
  EXPECT_TRUE(scene.authd.await_event("realm-ready", kPatience));
  const auto warnings = scene.authd.events("configuration");
  ASSERT_EQ(warnings.size(), 1u);
  const std::string message = warnings[0].field("message");
  EXPECT_EQ(message,
            "gateway.admin_url: the control plane's id \"abc123\" is not a UUID, as Konnect's are; it is used as "
            "it is");
  const Finished checked = run_authd({"config", "check", scene.authd.config_file()});
  EXPECT_EQ(checked.exit_code, 0);
  EXPECT_EQ(checked.errors, std::vector<std::string>{"warning: kong-konnect: " + message});
}

TEST(Konnect, TakesABaseWithoutAControlPlaneAsItStands) {
  FakeKonnect::Options options;
  options.control_plane = "";
  options.prefix = "/mock";
  const KonnectScene scene({}, options);
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_EQ(scene.tokens(kAliceByName).status, 200);
  EXPECT_EQ(code_of(scene.tokens(consumer_headers(kNobodyId, "nobody"))), "AUTH_002");
  ASSERT_TRUE(scene.authd.await_event("realm-ready", kPatience));
  const auto created = scene.konnect.realms_created();
  ASSERT_EQ(created.size(), 1u);
  EXPECT_EQ(created[0].first, "default");
  EXPECT_TRUE(scene.authd.events("configuration").empty());
}

TEST(Konnect, SignsWithTheNewestOfAllPagesThatCanSign) {
  FakeKonnect::Options options;
  options.largest_page = 2;
  KonnectScene scene({}, options);
  for (int i = 1; i <= 6; ++i)
    scene.konnect.add_credential(kAliceId, {"key-" + std::to_string(i), "s", "HS256", 4'000'000'000 + i});
  scene.konnect.add_credential(kAliceId, {"curve", "s", "ES256K", 4'100'000'000});
  const HttpReply reply = scene.tokens();
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(key_of(reply), "key-6");
  EXPECT_EQ(scene.konnect.traffic()[Operation::list], 4u);
}

TEST(Konnect, CreatesOneCredentialForAnIdAndItsName) {
  KonnectScene scene;
  const std::string id = scene.konnect.add_consumer("new");
  const HttpReply by_name = scene.tokens(consumer_headers("new", "new"));
  ASSERT_EQ(by_name.status, 200) << by_name.body;
  const HttpReply by_id = scene.tokens(consumer_headers(id, "new"));
  ASSERT_EQ(by_id.status, 200) << by_id.body;
  EXPECT_EQ(key_of(by_name), key_of(by_id));
  EXPECT_EQ(scene.konnect.credentials(id).size(), 1u);
  EXPECT_EQ(scene.konnect.credentials(id)[0].tags, std::vector<std::string>{"authd"});
}

TEST(Konnect, EndsWithOneCredentialWhenTheCreateIsAmbiguous) {
  KonnectScene scene;
  const std::string id = scene.konnect.add_consumer("new");
  KonnectFault ambiguous{Kind::store_then_hang};
  ambiguous.times = 1;
  scene.konnect.set_fault(Operation::create, ambiguous);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (scene.tokens(consumer_headers(id, "new")).status != 200) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  EXPECT_EQ(scene.konnect.credentials(id).size(), 1u);
  EXPECT_EQ(scene.konnect.traffic()[Operation::create], 1u);
}

TEST(Konnect, SaysThatAConsumerIsUnknownOnlyWhenItsControlPlaneIsKnown) {
  const KonnectScene scene;
  EXPECT_EQ(code_of(scene.tokens(consumer_headers(kNobodyId, "nobody"))), "AUTH_002");
  EXPECT_EQ(code_of(scene.tokens(consumer_headers("nobody", "nobody"))), "AUTH_002");

  AuthdProcess mistyped(konnect_settings(scene.konnect, [&](Settings& s) {
    s.set_text("gateway", "admin_url", scene.konnect.origin() + "/v2/control-planes/" + kNobodyId);
  }));
  mistyped.await_ready();
  EXPECT_EQ(code_of(get(mistyped.port(), "/tokens", kAlice)), "AUTH_004");
}

// --- the realm -----------------------------------------------------------------------------------------

TEST(KonnectRealm, IsMadeOnceHoweverManyAuthdsAndTokens) {
  const KonnectScene first;
  ASSERT_TRUE(first.authd.await_event("realm-ready", kPatience));
  AuthdProcess second(konnect_settings(first.konnect));
  second.await_ready();
  ASSERT_TRUE(second.await_event("realm-ready", kPatience));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(first.tokens(i % 2 == 0 ? kAlice : kAliceByName).status, 200);

  const auto created = first.konnect.realms_created();
  ASSERT_EQ(created.size(), 1u);
  EXPECT_EQ(created[0].first, "auth-realm-9524ec7d");
  EXPECT_EQ(created[0].second,
            R"({"name":"auth-realm-9524ec7d","allowed_control_planes":["9524ec7d-36d9-465d-a8c5-83a3c9390458"]})");
  EXPECT_EQ(first.konnect.traffic()[Operation::realm], 2u); // one look for each authd
  std::printf("2 authds, 20 tokens: realm created %zu time, looked for %zu times\n", created.size(),
              first.konnect.traffic()[Operation::realm]);
}

TEST(KonnectRealm, FailsNoTokenButShowsInHealthAndOnceInTheLog) {
  FakeKonnect konnect;
  konnect.set_fault(Operation::realm, {Kind::forbidden_403});
  konnect.add_consumer("alice", kAliceId);
  konnect.add_credential(kAliceId, {"alice-key", kAliceSecret});
  AuthdProcess authd(konnect_settings(konnect));
  authd.await_ready();
  const auto warning = authd.await_event("realm-not-ready", kPatience);
  ASSERT_TRUE(warning);
  EXPECT_NE(warning->text.find("konnect:trace:3674017986744198214"), std::string::npos) << warning->text;
  EXPECT_EQ(get(authd.port(), "/tokens", kAlice).status, 200);
  const HttpReply health = get(authd.port(), "/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(parse_object(health.body)->getValue<std::string>("status"), "degraded") << health.body;
  EXPECT_NE(health.body.find("auth-realm-9524ec7d"), std::string::npos) << health.body;

  konnect.clear_faults(); // the next attempt is a second or two away
  ASSERT_TRUE(authd.await_event("realm-ready", kPatience));
  EXPECT_EQ(authd.events("realm-not-ready").size(), 1u);
}

TEST(KonnectRealm, DoesNotHoldAuthdBackWhenKonnectHangs) {
  FakeKonnect konnect;
  konnect.set_fault(Operation::realm, {Kind::hang});
  AuthdProcess authd(konnect_settings(konnect));
  authd.await_ready();
  ASSERT_TRUE(konnect.await(Operation::realm, 1, kPatience));
  authd.child().signal(SIGTERM);
  // An attempt that is not withdrawn lasts ten seconds.
  EXPECT_EQ(authd.child().await_exit(std::chrono::seconds(8)), 0) << authd.child().everything();
}

// --- limits --------------------------------------------------------------------------------------------

TEST(KonnectLimits, AreWaitedForWithinTheDeadline) {
  KonnectScene scene([](Settings& s) { s.set_text("breaker", "timeout", "10s"); });
  KonnectFault limited{Kind::rate_limited_429};
  limited.times = 1;
  scene.konnect.set_fault(Operation::list, limited);
  const HttpReply reply = scene.tokens();
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_GE(reply.took.count(), 990); // Retry-After: 1
  EXPECT_EQ(scene.konnect.traffic()[Operation::list], 2u);
  std::printf("429 with Retry-After: 1 answered %d after %d ms\n", reply.status, static_cast<int>(reply.took.count()));
}

TEST(KonnectLimits, AreAnsweredWith503AndTheirRetryAfterBeyondTheDeadline) {
  KonnectFault limited{Kind::rate_limited_429};
  limited.retry_after = "7";
  for (const Operation operation : {Operation::list, Operation::consumer, Operation::create}) {
    KonnectScene scene([](Settings& s) { s.set_text("breaker", "reset_timeout", "30s"); });
    scene.konnect.set_fault(operation, limited);
    const std::string id = scene.konnect.add_consumer("c" + std::to_string(static_cast<int>(operation)));
    const bool by_name = operation == Operation::consumer;
    const HttpReply reply = scene.tokens(consumer_headers(by_name ? "alice" : id, "x"));
    EXPECT_EQ(reply.status, 503) << reply.body;
    EXPECT_EQ(code_of(reply), "AUTH_004");
    EXPECT_EQ(reply.header("Retry-After"), "7");
    EXPECT_EQ(scene.konnect.traffic()[operation], 1u);
    std::printf("429 with Retry-After: 7 answered %d, Retry-After: %s\n", reply.status,
                reply.header("Retry-After").c_str());
    const HttpReply next = scene.tokens(consumer_headers(scene.konnect.add_consumer("next"), "next"));
    EXPECT_EQ(code_of(next), "AUTH_004") << "the pause holds for all";
    EXPECT_EQ(scene.konnect.traffic()[operation], 1u) << "nothing is sent meanwhile";
  }
}

TEST(KonnectLimits, AreHiddenByTheStaleCopy) {
  KonnectScene scene([](Settings& s) { s.set("lookup", "refresh_ahead", "0.0"); });
  ASSERT_EQ(scene.tokens().status, 200);
  scene.konnect.forget_traffic();
  scene.konnect.set_fault({Kind::rate_limited_429});
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (scene.konnect.traffic()[Operation::list] == 0) {
    ASSERT_EQ(scene.tokens().status, 200);
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  EXPECT_EQ(scene.tokens().status, 200);
}

// --- what an operator sees -----------------------------------------------------------------------------

TEST(KonnectToken, ThatIsRefusedIsOneLineThatNamesTheSettingAndNeverTheToken) {
  const std::string wrong = "kpat_wrong-0123456789abcdef0123456789abcdef";
  KonnectScene scene([&](Settings& s) { s.set_text("gateway", "admin_token", "Bearer " + wrong); });
  EXPECT_EQ(code_of(scene.tokens()), "AUTH_004");
  ASSERT_TRUE(scene.authd.await_event("gateway-call", kPatience));
  ASSERT_TRUE(scene.authd.await_event("realm-not-ready", kPatience));
  const auto lines = scene.authd.events("gateway-call");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].field("log.level"), "error");
  EXPECT_EQ(lines[0].field("authd.gateway.result"), "denied");
  EXPECT_EQ(lines[0].field("http.response.status_code"), "401");
  EXPECT_NE(lines[0].field("error.message").find("gateway.admin_token"), std::string::npos) << lines[0].text;
  const HttpReply health = get(scene.authd.port(), "/health");
  EXPECT_NE(health.body.find("gateway.admin_token"), std::string::npos) << health.body;
  for (const std::string& text : {scene.authd.child().everything(), health.body})
    EXPECT_EQ(text.find("kpat_"), std::string::npos) << text;
  std::printf("a wrong token, one request: %zu line, %s\n", lines.size(), lines[0].field("error.message").c_str());
}

TEST(KonnectUrl, ThatLacksTheControlPlanesIdIsRefusedWithTheMend) {
  const FakeKonnect konnect;
  AuthdProcess authd(konnect_settings(
      konnect, [](Settings& s) { s.set_text("gateway", "admin_url", "http://127.0.0.1:1/v2/control-planes/"); }));
  EXPECT_EQ(authd.child().await_exit(kPatience), 78);
  const std::string said = authd.child().everything();
  EXPECT_NE(said.find("gateway.admin_url: must end with"), std::string::npos) << said;
  EXPECT_NE(said.find("/v2/control-planes/"), std::string::npos) << said;
}

TEST(KonnectHealth, IsThatOfItsConsumers) {
  KonnectScene scene;
  ASSERT_TRUE(scene.authd.await_event("realm-ready", kPatience));
  const HttpReply up = scene.await_health("healthy");
  const auto kong = parse_object(up.body)->getObject("dependencies")->getObject("kong");
  EXPECT_EQ(kong->getValue<std::string>("mode"), "KONNECT");
  EXPECT_EQ(kong->getValue<std::string>("url"), scene.konnect.url());
  scene.konnect.set_fault(Operation::consumers, {Kind::error_500});
  EXPECT_EQ(scene.await_health("unhealthy").status, 503);
  scene.konnect.clear_faults();
  EXPECT_EQ(scene.await_health("healthy").status, 200);
}

} // namespace
} // namespace authd::test
