// SPDX-License-Identifier: Apache-2.0
// Consumers without a credential get exactly one, however many ask, however Kong answers.
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "scene.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

using Kind = KongFault::Kind;

std::string key_of(const HttpReply& reply) { return take_apart(token_of(reply)).claims->getValue<std::string>("key"); }

// Sends everything first, then reads: the requests are under way together.
std::vector<HttpReply> ask_at_once(const std::vector<std::uint16_t>& ports, const Headers& headers) {
  std::vector<HttpConnection> connections;
  for (const std::uint16_t port : ports) connections.emplace_back(port);
  for (HttpConnection& connection : connections) connection.send(request_text("GET", "/tokens", headers));
  std::vector<HttpReply> replies;
  for (HttpConnection& connection : connections) replies.push_back(connection.read().value_or(HttpReply()));
  return replies;
}

TEST(Provisioning, CostsOneListAndOneCreateHoweverManyAskAtOnce) {
  Scene scene([](Settings& s) { s.set_text("breaker", "timeout", "10s"); });
  const std::string id = scene.kong.add_consumer("new");
  KongFault slow;
  slow.delay = milliseconds(100); // long enough for all fifty to arrive
  scene.kong.set_fault(slow);
  const auto replies = ask_at_once(std::vector<std::uint16_t>(50, scene.port()), consumer_headers(id, "new"));
  std::set<std::string> keys;
  for (const HttpReply& reply : replies) {
    ASSERT_EQ(reply.status, 200) << reply.body;
    keys.insert(key_of(reply));
  }
  EXPECT_EQ(keys.size(), 1u);
  EXPECT_EQ(scene.kong.traffic()[KongOperation::list], 1u);
  EXPECT_EQ(scene.kong.traffic()[KongOperation::create], 1u);
  EXPECT_EQ(scene.kong.credentials(id).size(), 1u);
}

TEST(Provisioning, CostsOneListForAConsumerThatHasACredential) {
  Scene scene([](Settings& s) { s.set_text("breaker", "timeout", "10s"); });
  KongFault slow;
  slow.delay = milliseconds(100);
  scene.kong.set_fault(slow);
  for (const HttpReply& reply : ask_at_once(std::vector<std::uint16_t>(50, scene.port()), kAlice)) {
    ASSERT_EQ(reply.status, 200);
  }
  EXPECT_EQ(scene.kong.traffic()[KongOperation::list], 1u);
  EXPECT_EQ(scene.kong.traffic()[KongOperation::create], 0u);
}

// decK's select_tags finds them.
TEST(Provisioning, TagsWhatItCreatesAndLeavesTheRestAlone) {
  const auto tags_of = [](Scene& scene) {
    const std::string id = scene.kong.add_consumer("new");
    EXPECT_EQ(scene.tokens(consumer_headers(id, "new")).status, 200);
    return scene.kong.credentials(id).at(0).tags;
  };
  Scene plain;
  EXPECT_EQ(tags_of(plain), std::vector<std::string>{"authd"});
  EXPECT_EQ(plain.tokens().status, 200);
  EXPECT_TRUE(plain.kong.credentials(kAliceId).at(0).tags.empty()) << "alice's is not authd's";
  Scene named([](Settings& s) { s.set("gateway", "tags", R"(["made by authd", "team:€"])"); });
  EXPECT_EQ(tags_of(named), (std::vector<std::string>{"made by authd", "team:€"}));
  Scene none([](Settings& s) { s.set("gateway", "tags", "[]"); });
  EXPECT_TRUE(tags_of(none).empty());
}

class Fleet {
 public:
  explicit Fleet(const FakeKong& kong, int size = 5) {
    Settings settings(kong.url());
    settings.set_text("breaker", "timeout", "10s");
    for (int i = 0; i < size; ++i) processes_.push_back(std::make_unique<AuthdProcess>(settings));
    for (const auto& process : processes_) ports.push_back(process->await_ready());
  }
  std::vector<std::uint16_t> ports;

 private:
  std::vector<std::unique_ptr<AuthdProcess>> processes_;
};

TEST(Provisioning, EndsWithOneCredentialWhenFiveProcessesMeetOneNewConsumer) {
  FakeKong kong;
  const Fleet fleet(kong);
  for (const std::string& id : {kong.add_consumer("by-id"), (kong.add_consumer("by-name"), std::string("by-name"))}) {
    KongFault slow;
    slow.delay = milliseconds(200); // all five list before one has created
    kong.set_fault(slow);
    std::set<std::string> keys;
    for (const HttpReply& reply : ask_at_once(fleet.ports, consumer_headers(id, "new"))) {
      ASSERT_EQ(reply.status, 200) << reply.body;
      keys.insert(key_of(reply));
    }
    EXPECT_EQ(keys.size(), 1u);
    EXPECT_EQ(kong.credentials(id).size(), 1u);
  }
}

class AmbiguousCreate : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(OfKong, AmbiguousCreate, testing::Values(Kind::store_then_hang, Kind::store_then_500));

TEST_P(AmbiguousCreate, EndsWithOneCredential) {
  Scene scene;
  const std::string id = scene.kong.add_consumer("new");
  const Headers headers = consumer_headers(id, "new");
  scene.kong.set_fault(KongOperation::create, {GetParam()});
  scene.tokens(headers); // may be 503 or a token, if authd looked again in time
  EXPECT_EQ(scene.kong.credentials(id).size(), 1u);
  scene.kong.clear_faults();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  HttpReply reply;
  while ((reply = scene.tokens(headers)).status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << reply.body;
  }
  ASSERT_EQ(scene.kong.credentials(id).size(), 1u);
  EXPECT_EQ(key_of(reply), scene.kong.credentials(id)[0].key);
  EXPECT_EQ(scene.validate(token_of(reply), headers).status, 200);
}

TEST(Provisioning, NeverSendsACreateTwice) {
  Scene scene;
  const std::string id = scene.kong.add_consumer("new");
  ASSERT_EQ(scene.tokens().status, 200); // leaves a kept-alive connection behind
  scene.kong.set_fault(KongOperation::create, {Kind::reset});
  EXPECT_EQ(code_of(scene.tokens(consumer_headers(id, "new"))), "AUTH_004");
  EXPECT_EQ(scene.kong.traffic()[KongOperation::create], 1u);
}

TEST(Provisioning, ProposesTheSameKeyForTheSameConsumerAlways) {
  std::set<std::string> keys;
  for (int i = 0; i < 2; ++i) {
    Scene scene;
    scene.kong.add_consumer("new", "11111111-2222-4333-8444-555555555555");
    const auto reply = scene.tokens(consumer_headers("11111111-2222-4333-8444-555555555555", "new"));
    ASSERT_EQ(reply.status, 200) << reply.body;
    keys.insert(key_of(reply));
  }
  EXPECT_EQ(keys.size(), 1u);
}

TEST(Provisioning, TakesTheNextKeyWhenSomebodyElseHoldsTheFirst) {
  const std::string id = "11111111-2222-4333-8444-555555555555";
  Scene first;
  first.kong.add_consumer("new", id);
  const std::string key = key_of(first.tokens(consumer_headers(id, "new")));
  Scene second;
  second.kong.add_consumer("new", id);
  const std::string squatter = second.kong.add_consumer("squatter");
  second.kong.add_credential(squatter, {key, "not the new consumer's"});
  const HttpReply reply = second.tokens(consumer_headers(id, "new"));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_NE(key_of(reply), key);
  ASSERT_EQ(second.kong.credentials(id).size(), 1u);
  EXPECT_EQ(second.kong.credentials(id)[0].key, key_of(reply));
}

TEST(Provisioning, MakesSecretsThatDiffer) {
  Scene scene;
  std::set<std::string> secrets;
  for (int i = 0; i < 5; ++i) {
    const std::string id = scene.kong.add_consumer("new-" + std::to_string(i));
    ASSERT_EQ(scene.tokens(consumer_headers(id, "new")).status, 200);
    const KongCredential made = scene.kong.credentials(id).at(0);
    EXPECT_EQ(made.algorithm, "HS256");
    EXPECT_GE(made.secret.size(), 32u);
    secrets.insert(made.secret);
  }
  EXPECT_EQ(secrets.size(), 5u);
}

TEST(Provisioning, UsesTheAlgorithmThatIsConfiguredAndLeavesCredentialsThatExist) {
  for (const std::string algorithm : {"HS384", "HS512"}) {
    Scene scene([&](Settings& s) { s.set_text("gateway", "algorithm", algorithm); });
    const std::string id = scene.kong.add_consumer("new");
    const std::string token = token_of(scene.tokens(consumer_headers(id, "new")));
    EXPECT_EQ(take_apart(token).header, R"({"alg":")" + algorithm + R"(","typ":"JWT"})");
    const KongCredential made = scene.kong.credentials(id).at(0);
    EXPECT_EQ(made.algorithm, algorithm);
    const std::string said = verify_with_python(token, made.secret, algorithm, "https://api.example");
    EXPECT_TRUE(said.starts_with("{")) << said;
    EXPECT_EQ(take_apart(token_of(scene.tokens())).header, R"({"alg":"HS256","typ":"JWT"})");
  }
}

TEST(Provisioning, CanBeSwitchedOff) {
  Scene scene([](Settings& s) { s.set("gateway", "auto_provision", "false"); });
  const std::string id = scene.kong.add_consumer("new");
  const HttpReply reply = scene.tokens(consumer_headers(id, "new"));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(code_of(reply), "AUTH_013");
  EXPECT_EQ(scene.kong.traffic()[KongOperation::create], 0u);
}

TEST(Provisioning, IsNotPossibleInAKongWithoutDatabase) {
  FakeKong::Options dbless;
  dbless.dbless = true;
  Scene scene({}, dbless);
  const std::string id = scene.kong.add_consumer("new");
  EXPECT_EQ(code_of(scene.tokens(consumer_headers(id, "new"))), "AUTH_013");
  EXPECT_EQ(scene.tokens().status, 200);
}

TEST(UnknownConsumer, CostsKongOneCallWithinTheNegativeTtl) {
  Scene scene;
  ASSERT_EQ(scene.tokens().status, 200); // the base URL has proved itself: a 404 is an answer
  scene.kong.forget_traffic();
  for (int i = 0; i < 20; ++i) {
    const HttpReply reply = scene.tokens(consumer_headers(kNobodyId, "nobody"));
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(code_of(reply), "AUTH_002");
  }
  // And the probe that shows, at the first "not found", that the base URL is right.
  EXPECT_EQ(scene.kong.traffic()[KongOperation::list], 1u);
  EXPECT_LE(scene.kong.traffic().total(), 2u);
}

TEST(UnknownConsumer, IsAskedForAgainAfterTheNegativeTtl) {
  Scene scene([](Settings& s) { s.set_text("lookup", "negative_ttl", "1s"); });
  const Headers headers = consumer_headers(kNobodyId, "latecomer");
  EXPECT_EQ(code_of(scene.tokens(headers)), "AUTH_002");
  scene.kong.add_consumer("latecomer", kNobodyId);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (scene.tokens(headers).status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the consumer stays unknown";
  }
}

TEST(UnknownConsumer, LosesItsStaleCopyWhenKongHasDeletedIt) {
  Scene scene([](Settings& s) { s.set("lookup", "refresh_ahead", "0.0"); });
  ASSERT_EQ(scene.tokens().status, 200);
  scene.kong.remove_consumer(kAliceId);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (scene.tokens().status != 401) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "a deleted consumer still gets tokens";
  }
  scene.kong.set_fault({Kind::error_500});
  EXPECT_NE(scene.tokens().status, 200);
}

} // namespace
} // namespace authd::test
