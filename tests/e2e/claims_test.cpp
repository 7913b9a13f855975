// SPDX-License-Identifier: Apache-2.0
// [jwt.claims]: what tokens say beyond the consumer's name, and which requests get none.
#include <algorithm>

#include "scene.h"
#include "support/free_port.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

using Names = std::vector<std::string>;

const Names kOwn{"sub", "key", "jti", "iat", "nbf", "exp", "iss", "aud", "name", "unique_name"};

Scene::Change with_claims(const std::string& inline_table) {
  return [inline_table](Settings& s) { s.set("jwt", "claims", inline_table); };
}

// Of a token that alice gets with these headers beside hers.
TokenParts token_with(const Scene& scene, const Headers& more = {}) {
  Headers headers = kAlice;
  headers.insert(headers.end(), more.begin(), more.end());
  const HttpReply reply = scene.tokens(headers);
  EXPECT_EQ(reply.status, 200) << reply.body;
  return take_apart(token_of(reply));
}

// The names behind those that every token has.
Names more_names(const TokenParts& token) {
  EXPECT_TRUE(std::equal(kOwn.begin(), kOwn.end(), token.claim_names.begin())) << token.payload;
  return {token.claim_names.begin() + static_cast<std::ptrdiff_t>(kOwn.size()), token.claim_names.end()};
}

std::string text_of(const TokenParts& token) { return token.payload.substr(token.payload.find("\"unique_name\"")); }

const std::string kAllKinds =
    R"({ zeta = "acme", whole = 42, fraction = 0.5, flag = true, list = ["b", "a"], )"
    R"(custom_id = "${header:X-Consumer-Custom-ID}", groups = ["${header:X-Consumer-Groups}"], last = "omega" })";

TEST(ConfiguredClaims, FollowAllOthersInTheOrderOfTheFile) {
  const Scene scene(with_claims(kAllKinds));
  const auto token = token_with(scene, {{"x-consumer-custom-id", "no-7"}, {"X-Consumer-Groups", "dev, ops,,admin"}});
  EXPECT_EQ(more_names(token), (Names{"zeta", "whole", "fraction", "flag", "list", "custom_id", "groups", "last"}));
  EXPECT_EQ(text_of(token), R"("unique_name":"example.com#alice","zeta":"acme","whole":42,"fraction":0.5,"flag":true,)"
                            R"("list":["b","a"],"custom_id":"no-7","groups":["dev","ops","admin"],"last":"omega"})");
}

TEST(ConfiguredClaims, AreAcceptedByAnIndependentImplementationAndByValidation) {
  const Scene scene(with_claims(kAllKinds));
  Headers headers = kAlice;
  headers.emplace_back("X-Consumer-Custom-ID", "\"quoted\" \\ \xF0\x9F\x94\x91");
  const std::string token = token_of(scene.tokens(headers));
  const std::string said = verify_with_python(token, kAliceSecret, "HS256", "https://api.example");
  ASSERT_TRUE(said.starts_with("{")) << said;
  EXPECT_EQ(parse_object(said)->getValue<std::string>("custom_id"), "\"quoted\" \\ \xF0\x9F\x94\x91");
  EXPECT_EQ(scene.validate(token).status, 200);
}

TEST(ConfiguredClaims, AreLeftOutWithoutTheirHeader) {
  const Scene scene(with_claims(kAllKinds));
  const Names constants{"zeta", "whole", "fraction", "flag", "list", "last"};
  EXPECT_EQ(more_names(token_with(scene)), constants);
  EXPECT_EQ(more_names(token_with(scene, {{"X-Consumer-Custom-ID", ""}, {"X-Consumer-Groups", " , ,"}})), constants);
  EXPECT_EQ(more_names(token_with(scene, {{"X_Consumer_Custom_ID", "no-7"}})), constants)
      << "another header, which Kong does not clear";
}

// Each request has its own, whoever asked before on the same connection.
TEST(ConfiguredClaims, NeverComeFromARequestBefore) {
  const Scene scene(with_claims(kAllKinds));
  HttpConnection connection(scene.port());
  const auto next = [&](const Headers& more) {
    Headers headers = kAlice;
    headers.insert(headers.end(), more.begin(), more.end());
    EXPECT_TRUE(connection.send(request_text("GET", "/tokens", headers)));
    const auto reply = connection.read();
    return take_apart(token_of(reply.value())).claims;
  };
  EXPECT_EQ(next({{"X-Consumer-Custom-ID", "no-7"}})->getValue<std::string>("custom_id"), "no-7");
  EXPECT_FALSE(next({})->has("custom_id"));
  EXPECT_EQ(next({{"X-Consumer-Custom-ID", "no-8"}})->getValue<std::string>("custom_id"), "no-8");
}

TEST(ConfiguredClaims, RefuseARequestThatNoClaimCanBeMadeOf) {
  const Scene scene(with_claims(kAllKinds));
  ASSERT_EQ(scene.tokens().status, 200);
  const auto refused = [&](const Headers& more, const std::string& detail) {
    Headers headers = kAlice;
    headers.insert(headers.end(), more.begin(), more.end());
    const HttpReply reply = scene.tokens(headers);
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(code_of(reply), "AUTH_007");
    EXPECT_EQ(parse_object(reply.body)->getValue<std::string>("detail"), detail);
    headers.emplace_back("Authorization", "Bearer x");
    EXPECT_EQ(code_of(get(scene.port(), "/tokens/validate", headers)), "AUTH_011") << "it makes no token";
  };
  for (const char* name : {"X-Consumer-Custom-ID", "X-Consumer-Groups"}) {
    const std::string header = name;
    refused({{header, std::string(4097, 'x')}}, header + " is longer than 4 KiB");
    refused({{header, "a\tb"}}, header + " contains control characters");
    refused({{header, "a\xC2\x9B"
                      "b"}},
            header + " contains control characters");
    refused({{header, "caf\xE9"}}, header + " is not valid UTF-8");
    refused({{header, "a"}, {header, "a"}}, header + " was sent more than once");
  }
  EXPECT_EQ(more_names(token_with(scene, {{"X-Consumer-Custom-ID", std::string(4096, 'x')}})).back(), "last");
}

// Nobody is asked on behalf of a request that is refused, and who the consumer is comes first.
TEST(ConfiguredClaims, AreCheckedBeforeTheLookup) {
  const Scene scene(with_claims(kAllKinds));
  Headers headers = kAlice;
  headers.emplace_back("X-Consumer-Groups", "\xFF");
  EXPECT_EQ(code_of(scene.tokens(headers)), "AUTH_007");
  EXPECT_EQ(scene.kong.traffic()[KongOperation::list], 0u);
  EXPECT_EQ(code_of(scene.tokens({{"X-Consumer-Groups", "\xFF"}})), "AUTH_001");
}

// A first token waits for Kong; its claims come from the request nevertheless.
TEST(ConfiguredClaims, StandInATokenThatHadToWait) {
  const Scene scene(with_claims(kAllKinds));
  const auto first = token_with(scene, {{"X-Consumer-Custom-ID", "no-7"}}); // no copy yet
  EXPECT_EQ(first.claims->getValue<std::string>("custom_id"), "no-7");
  EXPECT_EQ(scene.kong.traffic()[KongOperation::list], 1u);
}

TEST(ConfiguredClaims, ChangeWithAReload) {
  Settings settings{"http://127.0.0.1:1"};
  Scene scene([&](Settings& s) {
    s.set("jwt", "claims", R"({ before = 1 })");
    settings = s;
  });
  EXPECT_EQ(more_names(token_with(scene)), Names{"before"});
  settings.set("jwt", "claims", R"({ id = "${header:X-Credential-Identifier}", after = 2 })");
  ASSERT_TRUE(scene.authd.reload(settings.toml(), "reloaded"));
  EXPECT_EQ(more_names(token_with(scene, {{"X-Credential-Identifier", "key-1"}})), (Names{"id", "after"}));
  settings.set("jwt", "claims", R"({ sub = "mallory" })");
  ASSERT_TRUE(scene.authd.reload(settings.toml(), "reload-refused"));
  EXPECT_EQ(more_names(token_with(scene)), Names{"after"});
  settings.set("jwt", "claims", "");
  ASSERT_TRUE(scene.authd.reload(settings.toml(), "reloaded"));
  EXPECT_EQ(more_names(token_with(scene)), Names{});
}

// In production, where Kong's plain http is waived.
Scene::Change in_production(const std::string& waivers) {
  return [waivers](Settings& s) {
    s.set_text("server", "environment", "production").set("server", "port", std::to_string(free_port()));
    s.set("security", "trusted_gateways", "[\"127.0.0.0/8\"]");
    s.set("security", "waivers", "[\"gateway.admin_url\", \"gateway.admin_token\"" + waivers + "]");
    s.set("jwt", "claims", R"({ groups = ["${header:X-Consumer-Groups}"] })");
  };
}

TEST(ConfiguredClaims, AreRefusedInProductionWithoutAWaiver) {
  Settings settings("http://kong.example:8001");
  in_production("")(settings);
  const TempDir dir;
  const Finished finished = run_authd({"--config", dir.write("authd.toml", settings.toml())});
  EXPECT_EQ(finished.exit_code, 78);
  const auto tells = [](const std::string& line) {
    return line.find("jwt.claims.groups: production refuses") != std::string::npos &&
           line.find("security.waivers = [\"jwt.claims.groups\"]") != std::string::npos;
  };
  EXPECT_EQ(std::count_if(finished.errors.begin(), finished.errors.end(), tells), 1)
      << (finished.errors.empty() ? "" : finished.errors[0]);
}

TEST(ConfiguredClaims, AreTakenInProductionWithAWaiverThatIsTold) {
  Scene scene(in_production(", \"jwt.claims.groups\""));
  EXPECT_EQ(text_of(token_with(scene, {{"X-Consumer-Groups", "admin"}})),
            R"("unique_name":"example.com#alice","groups":["admin"]})");
  const auto told = [](const LogLine& line) {
    return line.text.find("jwt.claims.groups: ") != std::string::npos &&
           line.text.find("waived by security.waivers") != std::string::npos;
  };
  EXPECT_TRUE(scene.authd.await_event("configuration", std::chrono::seconds(10), told));
  const auto waivers = parse_object(get(scene.port(), "/health").body)->getArray("waivers");
  EXPECT_EQ(waivers->getElement<std::string>(2), "jwt.claims.groups");
}

} // namespace
} // namespace authd::test
