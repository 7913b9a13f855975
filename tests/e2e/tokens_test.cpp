// SPDX-License-Identifier: Apache-2.0
// GET /tokens: what the tokens say and who accepts them.
#include <ctime>

#include "scene.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

using Names = std::vector<std::string>;

TEST(Tokens, VerifyWithAnIndependentImplementation) {
  const Scene scene;
  const std::string said = verify_with_python(token_of(scene.tokens()), kAliceSecret, "HS256", "https://api.example");
  ASSERT_TRUE(said.starts_with("{")) << said;
  const auto claims = parse_object(said);
  EXPECT_EQ(claims->getValue<std::string>("sub"), "alice");
  EXPECT_EQ(claims->getValue<std::string>("key"), "alice-key");
  EXPECT_EQ(claims->getValue<std::string>("iss"), "https://auth.example");
  EXPECT_TRUE(verify_with_python(token_of(scene.tokens()), "another secret", "HS256", "https://api.example")
                  .starts_with("error: InvalidSignatureError"));
}

// RFC 9110, section 5.5; docs/kong.md tells what that does to usernames.
TEST(Tokens, HaveNothingOfTheBlanksAroundAUsername) {
  Scene scene;
  const std::string id = scene.kong.add_consumer(" alice ");
  scene.kong.add_credential(id, {"the other's key", kAliceSecret});
  const auto claims = take_apart(token_of(scene.tokens(consumer_headers(id, " alice\t ")))).claims;
  for (const char* name : {"sub", "name"}) EXPECT_EQ(claims->getValue<std::string>(name), "alice");
  EXPECT_EQ(claims->getValue<std::string>("unique_name"), "example.com#alice");
  EXPECT_EQ(claims->getValue<std::string>("key"), "the other's key");
  const auto within = take_apart(token_of(scene.tokens(consumer_headers(id, "al ice")))).claims;
  EXPECT_EQ(within->getValue<std::string>("sub"), "al ice");
}

TEST(Tokens, FollowTheAlgorithmOfTheCredential) {
  for (const std::string algorithm : {"HS384", "HS512"}) {
    Scene scene;
    const std::string id = scene.kong.add_consumer("bob");
    scene.kong.add_credential(id, {"bob-key", "a secret of bob's", algorithm});
    const std::string token = token_of(scene.tokens(consumer_headers(id, "bob")));
    EXPECT_EQ(take_apart(token).header, R"({"alg":")" + algorithm + R"(","typ":"JWT"})");
    const std::string said = verify_with_python(token, "a secret of bob's", algorithm, "https://api.example");
    EXPECT_TRUE(said.starts_with("{")) << said;
  }
}

TEST(Tokens, HaveTheClaimsInOrderAndOfTheirTypes) {
  const Scene scene([](Settings& s) { s.set_text("jwt", "clock_skew", "5s"); });
  const std::int64_t before = std::time(nullptr);
  const HttpReply reply = scene.tokens();
  const auto parts = take_apart(token_of(reply));
  EXPECT_EQ(parts.header, R"({"alg":"HS256","typ":"JWT"})");
  EXPECT_EQ(parts.claim_names, (Names{"sub", "key", "jti", "iat", "nbf", "exp", "iss", "aud", "name", "unique_name"}));
  const auto number = [&](const char* name) { return parts.claims->getValue<std::int64_t>(name); };
  for (const char* name : {"iat", "nbf", "exp"}) EXPECT_TRUE(parts.claims->get(name).isInteger()) << name;
  EXPECT_GE(number("iat"), before);
  EXPECT_LE(number("iat"), std::time(nullptr));
  EXPECT_EQ(number("nbf"), number("iat") - 5);
  EXPECT_EQ(number("exp") - number("iat"), parse_object(reply.body)->getValue<std::int64_t>("expires_in"));
  EXPECT_EQ(number("exp") - number("iat"), 900);
  EXPECT_TRUE(is_uuid(parts.claims->getValue<std::string>("jti")));
  EXPECT_EQ(parts.claims->getValue<std::string>("aud"), "https://api.example");
  EXPECT_EQ(parts.claims->getValue<std::string>("name"), "alice");
  EXPECT_EQ(parts.claims->getValue<std::string>("unique_name"), "example.com#alice");
}

TEST(Tokens, ExpireWhenTheSettingSays) {
  const Scene scene([](Settings& s) { s.set_text("jwt", "expiration", "2m"); });
  const HttpReply reply = scene.tokens();
  const auto claims = take_apart(token_of(reply)).claims;
  EXPECT_EQ(claims->getValue<std::int64_t>("exp") - claims->getValue<std::int64_t>("iat"), 120);
  EXPECT_EQ(parse_object(reply.body)->getValue<std::int64_t>("expires_in"), 120);
}

TEST(Tokens, NeverRepeatTheirId) {
  const Scene scene;
  const auto jti = [&] { return take_apart(token_of(scene.tokens())).claims->getValue<std::string>("jti"); };
  EXPECT_NE(jti(), jti());
}

TEST(Tokens, CarryTheKeyInIssWhenThatIsTheKeyClaim) {
  const Scene scene([](Settings& s) { s.set_text("jwt", "key_claim_name", "iss"); });
  const HttpReply reply = scene.tokens();
  const auto parts = take_apart(token_of(reply));
  EXPECT_EQ(parts.claims->getValue<std::string>("iss"), "alice-key");
  EXPECT_FALSE(parts.claims->has("key"));
  EXPECT_EQ(parts.payload.find("\"iss\""), parts.payload.rfind("\"iss\"")) << parts.payload;
  EXPECT_EQ(scene.validate(token_of(reply)).status, 200);
}

TEST(Tokens, NameSeveralAudiencesInAnArray) {
  const Scene scene([](Settings& s) {
    s.set("jwt", "audience", R"(["https://a.example", "https://b.example"])");
    s.set("jwt", "issuer", R"(["https://first.example", "https://second.example"])");
  });
  const std::string token = token_of(scene.tokens());
  const auto parts = take_apart(token);
  EXPECT_NE(parts.payload.find(R"("aud":["https://a.example","https://b.example"])"), std::string::npos)
      << parts.payload;
  EXPECT_EQ(parts.claims->getValue<std::string>("iss"), "https://first.example");
  for (const char* audience : {"https://a.example", "https://b.example"}) {
    EXPECT_TRUE(verify_with_python(token, kAliceSecret, "HS256", audience).starts_with("{"));
  }
}

TEST(Tokens, CarryAnyUserNameUnharmed) {
  const Scene scene;
  const std::string wide(256, 'w');
  for (const std::string& name : {std::string(R"(qu"ote)"), std::string(R"(back\slash)"), std::string("smile 😀"),
                                  std::string("ünï</script>"), wide}) {
    const auto claims = take_apart(token_of(scene.tokens(consumer_headers(kAliceId, name)))).claims;
    EXPECT_EQ(claims->getValue<std::string>("sub"), name);
    EXPECT_EQ(claims->getValue<std::string>("name"), name);
    EXPECT_EQ(claims->getValue<std::string>("unique_name"), "example.com#" + name);
  }
}

TEST(Tokens, AreFoundForAConsumerKnownByName) {
  Scene scene;
  scene.kong.add_consumer("with space/and?more#😀");
  scene.kong.add_credential("with space/and?more#😀", {"k", "s3cret"});
  const HttpReply reply = scene.tokens(consumer_headers("with space/and?more#😀", "bob"));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(take_apart(token_of(reply)).claims->getValue<std::string>("key"), "k");
}

std::string uuid_with(unsigned n) {
  std::string digits = std::to_string(n);
  return "00000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

TEST(Tokens, AreSignedByTheNewestOfManyCredentialsOverSeveralPages) {
  Scene scene;
  const std::string id = scene.kong.add_consumer("many");
  constexpr unsigned kCount = 150;
  constexpr unsigned kNewest = 120; // on the second page, neither first nor last
  for (unsigned i = 0; i < kCount; ++i) {
    KongCredential c{"key-" + std::to_string(i), "secret-" + std::to_string(i)};
    c.id = uuid_with(i);
    c.created_at = i == kNewest ? 1'800'000'000 : 1'700'000'000 + i;
    if (i % 10 == 9) {
      c.algorithm = "RS256";
      c.rsa_public_key = "-----BEGIN PUBLIC KEY-----";
      c.created_at = 1'900'000'000; // newer than all, but no HMAC credential
    }
    scene.kong.add_credential(id, c);
  }
  const std::string token = token_of(scene.tokens(consumer_headers(id, "many")));
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(take_apart(token).claims->getValue<std::string>("key"), "key-120");
  EXPECT_TRUE(verify_with_python(token, "secret-120", "HS256", "https://api.example").starts_with("{"));
  EXPECT_EQ(scene.kong.traffic()[KongOperation::list], 2u);
}

TEST(Tokens, ChooseTheGreaterIdAmongCredentialsOfTheSameSecond) {
  for (const bool reversed : {false, true}) {
    Scene scene;
    const std::string id = scene.kong.add_consumer("twins");
    for (const unsigned n : {1u, 3u, 2u}) {
      const unsigned value = reversed ? 4 - n : n;
      scene.kong.add_credential(id, {"key-" + std::to_string(value), "s", "HS256", 1'700'000'000, uuid_with(value)});
    }
    const auto claims = take_apart(token_of(scene.tokens(consumer_headers(id, "twins")))).claims;
    EXPECT_EQ(claims->getValue<std::string>("key"), "key-3");
  }
}

TEST(Tokens, CannotBeSignedWithAsymmetricCredentialsOnly) {
  Scene scene;
  const std::string id = scene.kong.add_consumer("rsa");
  scene.kong.add_credential(id, {"k", "", "RS256", 0, {}, "-----BEGIN PUBLIC KEY-----"});
  const HttpReply reply = scene.tokens(consumer_headers(id, "rsa"));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(code_of(reply), "AUTH_013");
  EXPECT_EQ(scene.kong.traffic()[KongOperation::create], 0u);
}

TEST(Tokens, AreNeverStoredOnTheWay) {
  const Scene scene;
  const HttpReply reply = scene.tokens();
  EXPECT_EQ(reply.header("Cache-Control"), "no-store, no-cache, must-revalidate");
  EXPECT_EQ(reply.header("Pragma"), "no-cache");
  EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "*");
  EXPECT_TRUE(is_uuid(reply.header("X-Request-Id")));
}

TEST(Tokens, KeepTheRequestIdOfTheCaller) {
  const Scene scene;
  Headers headers = kAlice;
  headers.emplace_back("X-Request-Id", "trace-42");
  EXPECT_EQ(scene.tokens(headers).header("X-Request-Id"), "trace-42");
  headers.back().second = std::string(129, 'x');
  EXPECT_TRUE(is_uuid(scene.tokens(headers).header("X-Request-Id")));
}

TEST(Tokens, CostKongOneCallWhileTheyAreFresh) {
  const Scene scene([](Settings& s) { s.set_text("cache", "ttl", "5m"); });
  for (int i = 0; i < 50; ++i) ASSERT_EQ(scene.tokens().status, 200);
  EXPECT_EQ(scene.kong.traffic().total(), 1u);
}

struct Refusal {
  const char* what;
  Headers headers;
  int status;
  const char* code;
};

TEST(Tokens, AreRefusedWithTheCodeOfTheReason) {
  const Scene scene;
  const std::string long_name(257, 'x');
  Headers anonymous = kAlice;
  anonymous.emplace_back("X-Anonymous-Consumer", "TRUE");
  Headers twice = kAlice;
  twice.emplace_back("X-Consumer-ID", kNobodyId);
  const std::vector<Refusal> refusals{
      {"nothing", {}, 401, "AUTH_001"},
      {"no name", {{"X-Consumer-ID", kAliceId}}, 401, "AUTH_001"},
      {"no id", {{"X-Consumer-Username", "alice"}}, 401, "AUTH_001"},
      {"blank", consumer_headers("  ", "alice"), 401, "AUTH_001"},
      {"anonymous", anonymous, 401, "AUTH_009"},
      {"too long", consumer_headers(kAliceId, long_name), 400, "AUTH_007"},
      {"not UTF-8", consumer_headers(kAliceId, "\xff\xfe"), 400, "AUTH_007"},
      {"twice", twice, 400, "AUTH_007"},
      {"unknown", consumer_headers(kNobodyId, "nobody"), 401, "AUTH_002"},
  };
  for (const Refusal& refusal : refusals) {
    const HttpReply reply = scene.tokens(refusal.headers);
    EXPECT_EQ(reply.status, refusal.status) << refusal.what;
    EXPECT_EQ(code_of(reply), refusal.code) << refusal.what;
  }
  const auto detail = parse_object(scene.tokens(anonymous).body)->getValue<std::string>("detail");
  EXPECT_NE(detail.find("Anonymous consumers are not allowed"), std::string::npos) << detail;
}

TEST(Tokens, FailClosedWhateverElseSaysAnonymous) {
  const Scene scene;
  for (const char* value : {"true, true", "false, true", "on", "2"}) {
    Headers headers = kAlice;
    headers.emplace_back("X-Anonymous-Consumer", value);
    EXPECT_EQ(code_of(scene.tokens(headers)), "AUTH_009") << value;
  }
  for (const char* value : {"", "false", "FALSE", "0", "no"}) {
    Headers headers = kAlice;
    headers.emplace_back("X-Anonymous-Consumer", value);
    EXPECT_EQ(scene.tokens(headers).status, 200) << value;
  }
}

// Anybody can send one; a log must not grow by it, nor be rewritten in a terminal.
TEST(Tokens, UserNamesThatAreRefusedAreCutAndInertInTheLog) {
  const Scene scene([](Settings& s) { s.set_text("telemetry", "access_log", "errors"); });
  scene.tokens(consumer_headers(kAliceId, std::string(255, 'x') + "\xC3\xA9" + std::string(4000, 'y')));
  scene.tokens(consumer_headers(kAliceId, "a\xC2\x9B\x32J\xE2\x80\xAE"));
  const auto cut = scene.authd.await_event("request", std::chrono::seconds(10));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->field("user.name"), std::string(255, 'x')); // not half of a character
  const auto inert = scene.authd.await_event("request", std::chrono::seconds(10), [](const LogLine& line) {
    return line.field("user.name").starts_with("a");
  });
  ASSERT_TRUE(inert);
  EXPECT_NE(inert->text.find("\"user.name\":\"a\\u009b2J\\u202e\""), std::string::npos) << inert->text;
}

TEST(Tokens, RefusalsAreProblemDetails) {
  const Scene scene;
  const HttpReply reply = scene.tokens({{"X-Request-Id", "abc"}});
  EXPECT_EQ(reply.header("Content-Type"), "application/problem+json");
  const auto problem = parse_object(reply.body);
  EXPECT_EQ(problem->getValue<std::string>("type"), "urn:authd:problem:auth-001");
  EXPECT_EQ(problem->getValue<std::string>("title"), "Unauthorized");
  EXPECT_EQ(problem->getValue<int>("status"), 401);
  EXPECT_EQ(problem->getValue<std::string>("instance"), "/tokens");
  EXPECT_EQ(problem->getValue<std::string>("code"), "AUTH_001");
  EXPECT_EQ(problem->getValue<std::string>("requestId"), "abc");
  EXPECT_EQ(problem->getValue<std::string>("timestamp").size(), std::string("2026-01-01T00:00:00.000Z").size());
  EXPECT_TRUE(problem->isObject("extensions"));
}

} // namespace
} // namespace authd::test
