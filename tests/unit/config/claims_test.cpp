// SPDX-License-Identifier: Apache-2.0
// [jwt.claims]: what is read, in which order, and what is refused.
#include "config/claims.h"

#include <gmock/gmock.h>

#include "config/describe/describing.h"
#include "fixture.h"

namespace authd::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Claims : public ConfigTest {
 protected:
  // The table begins on line 4, its first claim stands on line 5.
  Loaded load_claims(const std::string& lines, const EnvironmentVariables& more = {}) {
    EnvironmentVariables variables = required_variables();
    variables.insert(more.begin(), more.end());
    return load_text(std::string(kRequiredJwt) + "[jwt.claims]\n" + lines, variables);
  }

  std::vector<std::string> warnings_of(const std::string& lines) {
    std::vector<std::string> warnings = config_of(load_claims(lines)).warnings;
    for (std::string& line : warnings) line.erase(0, line.find("authd.toml"));
    return warnings;
  }

  void expect_refused(const std::string& lines, const std::string& problem) {
    EXPECT_THAT(problems_of(load_claims(lines)), ElementsAre(HasSubstr(problem))) << lines;
  }

  // "name=json" or "name<header", and "name<[header" for a list.
  static std::vector<std::string> summary(const Config& config) {
    std::vector<std::string> lines;
    for (const Claim& claim : config.jwt.claims) {
      EXPECT_NE(claim.header.empty(), claim.json.empty()) << claim.name;
      lines.push_back(claim.name + (claim.header.empty() ? "=" + claim.json
                                    : claim.is_list      ? "<[" + claim.header
                                                         : "<" + claim.header));
    }
    return lines;
  }
};

TEST_F(Claims, StandInTheOrderOfTheFileHoweverTheyAreWritten) {
  const auto ordered = ElementsAre("zeta=1", "alpha=2", "mid=3");
  EXPECT_THAT(summary(config_of(load_claims("zeta = 1\nalpha = 2\n\"mid\" = 3\n"))), ordered);
  const std::string jwt = std::string(kRequiredGateway) + kRequiredJwt;
  EXPECT_THAT(summary(config_of(load_text(jwt + "claims = { zeta = 1, alpha = 2, mid = 3 }\n"))), ordered);
  EXPECT_THAT(summary(config_of(load_text(jwt + "claims.zeta = 1\nclaims.alpha = 2\nclaims.mid = 3\n"))), ordered);
}

TEST_F(Claims, AreConstantsOfEachTypeOrReferences) {
  const Config config = config_of(load_claims("text = \"a\\\"\\u0001\\u20ac\"\n"
                                              "empty = \"\"\n"
                                              "whole = -9223372036854775808\n"
                                              "fraction = 1.5\n"
                                              "great = 1e300\n"
                                              "flag = false\n"
                                              "list = [\"a\", \"b\"]\n"
                                              "none = []\n"
                                              "custom_id = \"${header:X-Consumer-Custom-ID}\"\n"
                                              "ids = [\"${header:x-credential-identifier}\"]\n"));
  EXPECT_THAT(summary(config),
              ElementsAre("text=\"a\\\"\\u0001€\"", "empty=\"\"", "whole=-9223372036854775808", "fraction=1.5",
                          "great=1e+300", "flag=false", "list=[\"a\",\"b\"]", "none=[]",
                          "custom_id<X-Consumer-Custom-ID", "ids<[x-credential-identifier"));
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST_F(Claims, AreNoneByDefault) { EXPECT_THAT(config_of(load_claims("")).jwt.claims, IsEmpty()); }

TEST_F(Claims, HaveNoReservedName) {
  for (const std::string name : {"sub", "key", "jti", "iat", "nbf", "exp", "iss", "aud", "name", "unique_name"})
    expect_refused(name + " = 1\n", "authd.toml:5:1: jwt.claims." + name + ": ");
  expect_refused("ok = 1\n  sub = 1\n", "authd.toml:6:3: jwt.claims.sub: authd sets this claim itself");
  EXPECT_THAT(summary(config_of(load_claims("kid = 1\nSUB = 2\n"))), ElementsAre("kid=1", "SUB=2"));
}

TEST_F(Claims, ReserveTheKeyClaimAsItIsConfigured) {
  const EnvironmentVariables kid = {{"KONG_JWT_KEY_CLAIM_NAME", "kid"}};
  EXPECT_THAT(problems_of(load_claims("kid = 1\n", kid)),
              ElementsAre("authd.toml:5:1: jwt.claims.kid: this claim carries the credential's key "
                          "(jwt.key_claim_name); choose another name"));
  EXPECT_THAT(summary(config_of(load_claims("key = 1\n", kid))), ElementsAre("key=1"));
}

TEST_F(Claims, HaveNoImpossibleName) {
  expect_refused("\"\" = 1\n", "authd.toml:5:1: jwt.claims.\"\": a claim needs a name");
  expect_refused("\"a\\nb\" = 1\n", "the name has control characters");
  expect_refused("\"a\\u0085b\" = 1\n", "the name has control characters");
  const std::string longest(kMostClaimNameBytes, 'n');
  EXPECT_THAT(summary(config_of(load_claims(longest + " = 1\n"))), ElementsAre(longest + "=1"));
  expect_refused(longest + "n = 1\n", "the name is 81 bytes long; at most 80 are allowed");
  EXPECT_THAT(summary(config_of(load_claims("\"https://example.com/tenant\" = 1\n"))),
              ElementsAre("https://example.com/tenant=1"));
}

TEST_F(Claims, HaveNoValueOfAnotherType) {
  constexpr const char* kExpected = "authd.toml:5:5: jwt.claims.a: expected a string, a number, a boolean or an array "
                                    "of strings, got ";
  expect_refused("a = { b = 1 }\n", kExpected + std::string("a table"));
  expect_refused("a = 2026-11-27\n", kExpected + std::string("a date or time"));
  expect_refused("a = inf\n", "authd.toml:5:5: jwt.claims.a: expected a finite number, got a number");
  expect_refused("a = nan\n", "expected a finite number");
  expect_refused("a = [\"b\", 1]\n", "authd.toml:5:11: jwt.claims.a[1]: expected a string, got an integer");
  expect_refused("a = [[\"b\"]]\n", "authd.toml:5:6: jwt.claims.a[0]: expected a string, got an array");
}

TEST_F(Claims, AreAtMostThirtyTwo) {
  std::string lines;
  for (int i = 0; i < 32; ++i) lines += "c" + std::to_string(i) + " = 1\n";
  EXPECT_EQ(config_of(load_claims(lines)).jwt.claims.size(), 32U);
  expect_refused(lines + "more = 1\n", "authd.toml:4:1: jwt.claims: has 33 entries; at most 32 are allowed");
}

TEST_F(Claims, AreShortEnoughForAHeader) {
  const auto text = [](std::size_t size) { return "a = \"" + std::string(size, 'x') + "\"\n"; };
  constexpr std::size_t kMost = kMostConstantClaimBytes - std::string_view(",\"a\":\"\"").size();
  EXPECT_EQ(config_of(load_claims(text(kMost))).jwt.claims.size(), 1U);
  expect_refused(text(kMost + 1),
                 "authd.toml:4:1: jwt.claims: the names and the constants are 4097 bytes long as JSON; at most 4096 "
                 "are allowed");
  // As JSON: each quote is two bytes.
  std::string many;
  for (int i = 0; i < 30; ++i) many += "'" + std::to_string(i) + std::string(78, '"') + "' = 1\n";
  expect_refused(many, "the names and the constants are");
}

TEST_F(Claims, ReferToAHeaderByTheWholeValueOnly) {
  for (const char* text : {"x-${header:X-Consumer-ID}", "${header:X-Consumer-ID} ", "${header:X-Consumer-ID",
                           "${header:}", "${header:X-Consumer-ID}${header:X-Consumer-ID}"}) {
    expect_refused(std::string("a = \"") + text + "\"\n",
                   std::string("authd.toml:5:5: jwt.claims.a: \"") + text +
                       "\" is no reference to a header; write \"${header:NAME}\" and nothing else");
  }
  expect_refused("a = [\"x-${header:X-Consumer-ID}\"]\n", "authd.toml:5:6: jwt.claims.a[0]: ");
  expect_refused("a = \"${header:X Y}\"\n", "authd.toml:5:5: jwt.claims.a: \"X Y\" is not the name of a header");
  expect_refused("a = \"${header:X-Ä}\"\n", "is not the name of a header");
}

TEST_F(Claims, ReferToOneHeaderPerArray) {
  constexpr const char* kMend = "a reference to a header must be the only entry of its array; write a claim for each";
  expect_refused("a = [\"b\", \"${header:X-Consumer-ID}\"]\n",
                 std::string("authd.toml:5:11: jwt.claims.a[1]: ") + kMend);
  EXPECT_THAT(problems_of(load_claims("a = [\"${header:X-Consumer-ID}\", \"${header:X-Consumer-Username}\"]\n")),
              ElementsAre(HasSubstr(kMend), HasSubstr(kMend)));
}

TEST_F(Claims, NeverReadWhatAuthenticatesTheClient) {
  for (const char* header : {"Authorization", "AUTHORIZATION", "Proxy-Authorization", "proxy_authorization", "Cookie",
                             "apikey", "ApiKey", "api_key", "api-key", "X-API-Key"}) {
    const std::string reference = std::string("\"${header:") + header + "}\"";
    expect_refused("a = " + reference + "\n", std::string("authd.toml:5:5: jwt.claims.a: \"") + header +
                                                  "\" authenticates the client, so it is never put into a token");
    expect_refused("a = [" + reference + "]\n", "jwt.claims.a[0]: ");
  }
  const EnvironmentVariables production = {{"AUTHD_ENV", "production"}, {"AUTHD_TRUSTED_GATEWAYS", "10.0.0.0/8"}};
  EXPECT_THAT(
      problems_of(load_claims("a = \"${header:Cookie}\"\n[security]\nwaivers = [\"jwt.claims.a\"]\n", production)),
      Contains(HasSubstr("authenticates the client")))
      << "no waiver helps";
}

TEST_F(Claims, WarnOfAHeaderThatAClientMaySet) {
  EXPECT_THAT(warnings_of("a = \"${header:X-Consumer-ID}\"\nb = \"${header:x-consumer-username}\"\n"), IsEmpty());
  EXPECT_THAT(warnings_of("ok = 1\ngroups = [\"${header:X-Consumer-Groups}\"]\n"),
              ElementsAre("authd.toml:6:11: jwt.claims.groups: Kong passes X-Consumer-Groups on as the client sent it, "
                          "unless a plugin sets or removes it (docs/kong.md)"));
  // Kong clears the name with hyphens only.
  EXPECT_THAT(warnings_of("a = \"${header:X_Consumer_Custom_ID}\"\n"), ElementsAre(HasSubstr("X_Consumer_Custom_ID")));
}

class ClaimsInProduction : public Claims {
 protected:
  Loaded load_production(const std::string& lines, const std::string& waivers) {
    return load_text("[jwt.claims]\n" + lines + "[security]\ntrusted_gateways = [\"10.0.0.0/8\"]\nwaivers = [" +
                         waivers + "]\n",
                     production());
  }
  static EnvironmentVariables production() {
    EnvironmentVariables variables = required_variables();
    variables["AUTHD_ENV"] = "production";
    variables["KONG_ADMIN_TOKEN"] = "q7Xv2LmZ9rTb4KsW8yHc3NdF6gJp1QaE";
    return variables;
  }
};

TEST_F(ClaimsInProduction, ReadNoHeaderThatAClientMaySet) {
  const std::string groups = "groups = [\"${header:X-Consumer-Groups}\"]\n";
  EXPECT_THAT(problems_of(load_production(groups, "")),
              ElementsAre("authd.toml:2:11: jwt.claims.groups: production refuses a header that a client may set: Kong "
                          "passes X-Consumer-Groups on as the client sent it, unless a plugin sets or removes it "
                          "(docs/kong.md); or waive it: security.waivers = [\"jwt.claims.groups\"]"));
  EXPECT_THAT(config_of(load_production("id = \"${header:X-Consumer-Custom-ID}\"\n", "")).warnings, IsEmpty());
}

TEST_F(ClaimsInProduction, AreWaivedByTheirNames) {
  const Config config = config_of(
      load_production("groups = [\"${header:X-Consumer-Groups}\"]\n\"https://example.com/a.b\" = \"${header:X-A}\"\n",
                      "\"jwt.claims.groups\", \"jwt.claims.https://example.com/a.b\""));
  EXPECT_THAT(summary(config), ElementsAre("groups<[X-Consumer-Groups", "https://example.com/a.b<X-A"));
  EXPECT_THAT(config.warnings, ElementsAre(testing::AllOf(testing::StartsWith("jwt.claims.groups: production refuses"),
                                                          testing::EndsWith("[waived by security.waivers]")),
                                           testing::StartsWith("jwt.claims.https://example.com/a.b: ")));
}

TEST_F(ClaimsInProduction, CannotBeWaivedWithoutAHeader) {
  EXPECT_THAT(problems_of(load_production("tenant = \"acme\"\n", "\"jwt.claims.tenant\"")),
              ElementsAre(HasSubstr("\"jwt.claims.tenant\" is not a setting with a production rule")));
}

TEST_F(Claims, TakeVariablesAndFilesLikeAnySetting) {
  write("region", "${header:X-Literally}\n");
  const Config config = config_of(load_claims("tenant = \"${env:TENANT}\"\nregion = \"${file:region}\"\n"
                                              "both = [\"${env:TENANT}\", \"b\"]\n",
                                              {{"TENANT", "ac\"me"}}));
  EXPECT_THAT(summary(config),
              ElementsAre("tenant=\"ac\\\"me\"", "region=\"${header:X-Literally}\"", "both=[\"ac\\\"me\",\"b\"]"))
      << "what a file holds is no reference itself";
  EXPECT_THAT(problems_of(load_claims("a = \"${env:TENANT}\"\n", {{"TENANT", "${header:Cookie}"}})),
              ElementsAre(HasSubstr("is an unfilled template")));
  write("latin", "caf\xE9");
  expect_refused("a = \"${file:latin}\"\n", "authd.toml:5:5: jwt.claims.a: the value is not valid UTF-8");
}

TEST_F(Claims, HoldNoSecretOfTheConfiguration) {
  const std::string problem = "a secret of this configuration is never put into a token, which others can read";
  const EnvironmentVariables secrets{{"KONG_ADMIN_TOKEN", "kong-admin-token-0123456789"},
                                     {"AUTHD_CACHE_KEYS", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
                                     {"REGION", "eu-west-1"}};
  for (const char* claim :
       {"a = \"${env:KONG_ADMIN_TOKEN}\"\n", "a = \"kong-admin-token-0123456789\"\n",
        "a = [\"x\", \"1 kong-admin-token-0123456789 2\"]\n", "a = \"${env:AUTHD_CACHE_KEYS}\"\n"}) {
    EXPECT_THAT(problems_of(load_claims(claim, secrets)),
                ElementsAre(AllOf(HasSubstr("jwt.claims.a"), HasSubstr(problem), Not(HasSubstr("0123456789")))))
        << claim;
  }
  EXPECT_THAT(summary(config_of(load_claims("a = \"${env:REGION}\"\n", secrets))), ElementsAre("a=\"eu-west-1\""));
}

TEST_F(Claims, NameTheReferencesThatTheyKnow) {
  expect_refused("a = \"${headers:X-Consumer-ID}\"\n", "unknown reference ${headers:...}");
  expect_refused("a = \"${headers:X-Consumer-ID}\"\n", "${header:NAME}");
  expect_refused("a = \"${credential:token}\"\n", "a credential is never put into a token, which others can read");
}

TEST_F(Claims, AreShownAsTheyLoad) {
  const Config config = config_of(load_claims("zeta = 1.0\nalpha = [\"${header:X-Consumer-ID}\"]\n\"a b\" = true\n"));
  EXPECT_EQ(shown_at(config, "jwt.claims"), "{ zeta = 1.0, alpha = [\"${header:X-Consumer-ID}\"], \"a b\" = true }");
  const Config again = config_of(load_text(show(config)));
  EXPECT_EQ(summary(again), summary(config));
  EXPECT_EQ(shown_at(config_of(load_environment(required_variables())), "jwt.claims"), "(not shown)");
}

TEST_F(Claims, AreDescribedBySchemaAndManual) {
  EXPECT_THAT(schema(), HasSubstr("\"maxProperties\": 32"));
  EXPECT_THAT(commented_manual(), HasSubstr("\n#claims.tenant = \"acme\"\n"
                                            "#claims.custom_id = \"${header:X-Consumer-Custom-ID}\"\n"
                                            "#claims.groups = [\"${header:X-Consumer-Groups}\"]\n"));
}

} // namespace
} // namespace authd::config
