// SPDX-License-Identifier: Apache-2.0
// GET /tokens/validate: which tokens are this consumer's, and what is said of the others.
#include <ctime>

#include "scene.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

constexpr std::string_view kHs256 = R"({"alg":"HS256","typ":"JWT"})";

struct Claims {
  std::string exp = std::to_string(std::time(nullptr) + 600);
  std::string nbf = std::to_string(std::time(nullptr));
  std::string key = "alice-key";

  std::string text() const {
    std::string out = R"({"sub":"alice","key":")" + key + R"(","jti":"j","iat":)" + std::to_string(std::time(nullptr)) +
                      R"(,"nbf":)" + nbf;
    if (!exp.empty()) out += R"(,"exp":)" + exp;
    return out + R"(,"iss":"https://auth.example","aud":"https://api.example","name":"alice"})";
  }
};

class Validate : public testing::Test {
 protected:
  void expect(const std::string& token, int status, const std::string& code) const {
    const HttpReply reply = scene_.validate(token);
    EXPECT_EQ(reply.status, status) << reply.body;
    if (status != 200) {
      EXPECT_EQ(code_of(reply), code);
    }
  }

  Scene scene_;
};

TEST_F(Validate, SaysWhatATokenOfThisConsumerHolds) {
  const std::string token = token_of(scene_.tokens());
  const HttpReply reply = scene_.validate(token);
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto said = parse_object(reply.body);
  const auto claims = take_apart(token).claims;
  EXPECT_TRUE(said->getValue<bool>("valid"));
  EXPECT_EQ(said->getValue<std::string>("tokenId"), claims->getValue<std::string>("jti"));
  EXPECT_EQ(said->getValue<std::string>("subject"), "alice");
  EXPECT_EQ(said->getValue<std::string>("issuer"), "https://auth.example");
  EXPECT_EQ(said->getValue<std::string>("audience"), "https://api.example");
  EXPECT_TRUE(said->has("issuedAt"));
  EXPECT_TRUE(said->has("expiresAt"));
  EXPECT_GT(said->getValue<int>("expiresIn"), 890);
  EXPECT_LE(said->getValue<int>("expiresIn"), 900);
}

TEST_F(Validate, AcceptsAForgeryThatIsNone) { expect(forge(kHs256, Claims().text(), kAliceSecret), 200, ""); }

TEST_F(Validate, RefusesAlgorithmsThatAreNotTheCredentials) {
  const std::string claims = Claims().text();
  expect(forge(R"({"alg":"none","typ":"JWT"})", claims, "", "none"), 400, "AUTH_011");
  expect(forge(R"({"alg":"None","typ":"JWT"})", claims, "", "none"), 400, "AUTH_011");
  expect(forge(kHs256, claims, "", "none"), 400, "AUTH_011");
  expect(forge(R"({"alg":"HS512","typ":"JWT"})", claims, kAliceSecret, "HS512"), 400, "AUTH_011");
  expect(forge(R"({"alg":"HS512","typ":"JWT"})", claims, kAliceSecret, "HS256"), 400, "AUTH_011");
  expect(forge(R"({"typ":"JWT"})", claims, kAliceSecret), 400, "AUTH_011");
}

TEST_F(Validate, RefusesTheSignatureOfAnotherConsumer) {
  const std::string id = scene_.kong.add_consumer("bob");
  scene_.kong.add_credential(id, {"bob-key", "the secret of bob"});
  const Headers bob = consumer_headers(id, "bob");
  const std::string bobs = token_of(scene_.tokens(bob));
  EXPECT_EQ(scene_.validate(bobs, bob).status, 200);
  expect(bobs, 400, "AUTH_011");
  expect(forge(kHs256, Claims().text(), "the secret of bob"), 400, "AUTH_011");
}

TEST_F(Validate, RefusesTimesThatAreMissingOrNotNumbers) {
  Claims claims;
  claims.exp.clear();
  expect(forge(kHs256, claims.text(), kAliceSecret), 400, "AUTH_011");
  claims.exp = "\"" + std::to_string(std::time(nullptr) + 600) + "\"";
  expect(forge(kHs256, claims.text(), kAliceSecret), 400, "AUTH_011");
  for (const char* exp : {"null", "true", "{}", "[]", "1e400", "-1e400"}) {
    claims.exp = exp;
    expect(forge(kHs256, claims.text(), kAliceSecret), 400, "AUTH_011");
  }
}

TEST_F(Validate, ShowsTheLastDateThereIsAndRefusesTheNext) {
  Claims claims;
  for (const auto& [exp, shown] :
       {std::pair("253402300799", "9999-12-31T23:59:59.000Z"), std::pair("9223372037", "2262-04-11T23:47:17.000Z")}) {
    claims.exp = exp;
    const HttpReply reply = scene_.validate(forge(kHs256, claims.text(), kAliceSecret));
    ASSERT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(parse_object(reply.body)->getValue<std::string>("expiresAt"), shown);
  }
  for (const char* exp : {"253402300800", "9223372036854775807", "1e300", "-1"}) {
    claims.exp = exp;
    expect(forge(kHs256, claims.text(), kAliceSecret), 400, "AUTH_011");
  }
}

TEST_F(Validate, RefusesClaimsOfAnotherType) {
  for (const char* more : {R"("iat":"now")", R"("sub":7)", R"("jti":null)", R"("aud":{})"}) {
    const std::string claims = R"({"key":"alice-key","exp":9999999999,)" + std::string(more) + "}";
    expect(forge(kHs256, claims, kAliceSecret), 400, "AUTH_011");
  }
  const HttpReply bare = scene_.validate(forge(kHs256, R"({"key":"alice-key","exp":9999999999})", kAliceSecret));
  ASSERT_EQ(bare.status, 200) << bare.body;
  EXPECT_TRUE(parse_object(bare.body)->isNull("issuedAt")) << bare.body;
}

TEST_F(Validate, TellsAnExpiredTokenFromAnInvalidOne) {
  Claims claims;
  claims.exp = std::to_string(std::time(nullptr) - 1);
  expect(forge(kHs256, claims.text(), kAliceSecret), 401, "AUTH_010");
  expect(forge(kHs256, claims.text(), "not alice's secret"), 400, "AUTH_011");
}

TEST_F(Validate, RefusesATokenThatIsNotYetValid) {
  Claims claims;
  claims.nbf = std::to_string(std::time(nullptr) + 300);
  expect(forge(kHs256, claims.text(), kAliceSecret), 400, "AUTH_011");
}

TEST_F(Validate, JudgesATokenOfTenKilobytesByItsSignature) {
  Claims claims;
  claims.key = "alice-key\",\"filler\":\"" + std::string(7600, 'x');
  const std::string forged = forge(kHs256, claims.text(), "not alice's secret");
  ASSERT_GT(forged.size(), 10'000u);
  expect(forged, 400, "AUTH_011");
  expect(forge(kHs256, claims.text(), kAliceSecret), 200, "");
}

TEST_F(Validate, AcceptsATokenOfTheCredentialBeforeTheNewest) {
  const std::string older = token_of(scene_.tokens());
  KongCredential newer{"alice-key-2", "the next secret of alice"};
  newer.created_at = std::time(nullptr) + 60;
  scene_.kong.add_credential(kAliceId, newer);
  scene_.outlive_ttl();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string latest;
  do {
    latest = token_of(scene_.tokens());
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the new credential is never used";
  } while (take_apart(latest).claims->getValue<std::string>("key") != "alice-key-2");
  expect(latest, 200, "");
  expect(older, 200, "");
  expect(forge(kHs256, Claims().text(), "the next secret of alice"), 400, "AUTH_011");
}

TEST_F(Validate, RefusesWhatIsNoToken) {
  const std::string good = token_of(scene_.tokens());
  for (const std::string& text :
       {std::string("x"), std::string("a.b"), std::string("a.b.c"), std::string("..."), good + ".x", good + "=",
        good.substr(0, good.size() - 1), "x" + good, good.substr(good.find('.'))}) {
    expect(text, 400, "AUTH_011");
  }
}

TEST_F(Validate, WantsABearerToken) {
  const HttpReply none = get(scene_.port(), "/tokens/validate", kAlice);
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(code_of(none), "AUTH_012");
  for (const char* value : {"Bearer", "Bearer ", "Basic YTpi", "bearer:x"}) {
    Headers headers = kAlice;
    headers.emplace_back("Authorization", value);
    EXPECT_EQ(code_of(get(scene_.port(), "/tokens/validate", headers)), "AUTH_012") << value;
  }
}

TEST_F(Validate, RefusesTwoAuthorizationHeaders) {
  const std::string good = bearer(token_of(scene_.tokens()));
  for (const auto& [first, second] : {std::pair{good, good}, std::pair{good, std::string("Basic YTpi")},
                                      std::pair{std::string("Basic YTpi"), good}}) {
    Headers headers = kAlice;
    headers.emplace_back("Authorization", first);
    headers.emplace_back("authorization", second);
    const HttpReply reply = get(scene_.port(), "/tokens/validate", headers);
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(code_of(reply), "AUTH_007") << first << ", " << second;
  }
}

TEST_F(Validate, WantsAConsumerToo) {
  const HttpReply reply = get(scene_.port(), "/tokens/validate", {{"Authorization", bearer("a.b.c")}});
  EXPECT_EQ(code_of(reply), "AUTH_001");
}

} // namespace
} // namespace authd::test
