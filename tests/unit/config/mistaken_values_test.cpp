// SPDX-License-Identifier: Apache-2.0
// Values that have the right type and cannot be what was meant.
#include <gmock/gmock.h>

#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class MistakenValues : public ConfigTest {
 protected:
  // The one problem with this admin_token; fails the test when there is none.
  std::string problem_of_token(const std::string& token, const EnvironmentVariables& variables = {}) {
    return only(problems_of(load_with_required("admin_token = \"" + token + "\"\n", variables)));
  }
  std::string problem_of_url(const std::string& url) {
    return only(problems_of(load_text(std::string(kRequiredJwt) + "[gateway]\nadmin_url = \"" + url + "\"\n")));
  }
  std::string problem_of_variable(const std::string& name, const std::string& value) {
    EnvironmentVariables variables = required_variables();
    variables[name] = value;
    return only(problems_of(load_environment(variables)));
  }

 private:
  static std::string only(const std::vector<std::string>& problems) {
    EXPECT_EQ(problems.size(), 1U);
    return problems.empty() ? "" : problems.front();
  }
};

TEST_F(MistakenValues, ATemplateThatNobodyFilledInIsNoToken) {
  for (const char* token : {"${KONG_TOKEN}", "${ENV:KONG_TOKEN}", "$KONG_TOKEN", "{{ KONG_TOKEN }}", "{{KONG_TOKEN}}",
                            "Bearer ${KONG_TOKEN}", "%{KONG_TOKEN}", "<%= token %>", "${{ env DECK_X }}"}) {
    SCOPED_TRACE(token);
    const std::string problem = problem_of_token(token);
    EXPECT_THAT(problem, HasSubstr(":6:15: gateway.admin_token: "));
    EXPECT_THAT(problem, HasSubstr("is an unfilled template"));
  }
}

TEST_F(MistakenValues, ATemplateNamesTheReferenceThatWasMeant) {
  EXPECT_THAT(problem_of_token("${KONG_TOKEN}"), HasSubstr("did you mean \"${env:KONG_TOKEN}\"?"));
  EXPECT_THAT(problem_of_token("${ENV:KONG_TOKEN}"), HasSubstr("did you mean \"${env:KONG_TOKEN}\"?"));
  EXPECT_THAT(problem_of_token("$KONG_TOKEN"), HasSubstr("did you mean \"${env:KONG_TOKEN}\"?"));
  EXPECT_THAT(problem_of_token("{{secret-of-mine}}"), Not(HasSubstr("secret-of-mine")));
}

TEST_F(MistakenValues, ATemplateInsideAUrlIsNone) {
  for (const char* url : {"https://${KONG_HOST}:8444", "https://$KONG_HOST:8444", "https://{{host}}/admin",
                          "https://kong.example.com/${PREFIX}", "https://kong.example.com/$PREFIX"}) {
    EXPECT_THAT(problem_of_url(url), HasSubstr("is an unfilled template")) << url;
  }
  EXPECT_THAT(
      problems_of(load_with_required("[[cache]]\nplugin = \"cache-redis\"\n", {{"REDIS_URL", "redis://${host}:6379"}})),
      ElementsAre(HasSubstr("REDIS_URL: cache[0].url: the value is an unfilled template")));
}

TEST_F(MistakenValues, ATemplateAsAnyWholeValueIsNone) {
  EXPECT_THAT(problem_of_variable("KONG_JWT_AUDIENCE", "${AUDIENCE}"), HasSubstr("template"));
  EXPECT_THAT(problem_of_variable("OTEL_SERVICE_NAME", "$NAME"), HasSubstr("template"));
}

TEST_F(MistakenValues, ADollarOfAPasswordIsNoTemplate) {
  for (const char* token :
       {"pa$$word$1", "a$b", "$2b$10$N9qo8uLOickgx2ZMRZoMye", "{x}", "a{{b", "${", "$5", "a$b${c}"}) {
    config_of(load_with_required("admin_token = \"" + std::string(token) + "\"\n"));
  }
  config_of(load_with_required("[[cache]]\nplugin = \"cache-redis\"\nurl = \"redis://:pa$SWORD@h:1\"\n"));
}

TEST_F(MistakenValues, WhatAFileHoldsIsTakenAsItIs) {
  const std::string path = write("token", "${really}").string();
  const Config config = config_of(load_with_required("admin_token = \"${file:" + path + "}\"\n"));
  EXPECT_EQ(config.gateway.settings.values.at("/admin_token").text.reveal(), "${really}");
}

TEST_F(MistakenValues, AnEnvFilesQuotesAreNoPartOfAValue) {
  for (const char* quoted : {"\"abcdefgh\"", "'abcdefgh'"}) {
    const std::string problem = problem_of_variable("KONG_ADMIN_TOKEN", quoted);
    EXPECT_THAT(problem, HasSubstr("KONG_ADMIN_TOKEN: gateway.admin_token: the value is in quotes"));
    EXPECT_THAT(problem, Not(HasSubstr("abcdefgh")));
  }
  EXPECT_THAT(problem_of_variable("OTEL_SERVICE_NAME", "\"tokens\""), HasSubstr("is in quotes"));
  EXPECT_THAT(problem_of_variable("KONG_JWT_AUTHORITY", "'https://a.example.com'"),
              HasSubstr("KONG_JWT_AUTHORITY: jwt.authority: the value is in quotes"));
  EXPECT_THAT(problem_of_variable("PORT", "\"3000\""), HasSubstr("the value is in quotes"));
}

TEST_F(MistakenValues, AnEnvFilesQuotesAreNoneOfAReferenceEither) {
  EXPECT_THAT(problem_of_token("${env:T}", {{"T", "\"abcdefgh\""}}), HasSubstr("is in quotes"));
}

TEST_F(MistakenValues, AVariablesListHasNoBrackets) {
  EXPECT_THAT(problem_of_variable("KONG_JWT_AUDIENCE", "[\"a\", \"b\"]"),
              HasSubstr("KONG_JWT_AUDIENCE: jwt.audience: the value is in brackets"));
  EXPECT_THAT(problem_of_variable("KONG_JWT_AUDIENCE", "\"a,b\""),
              HasSubstr("KONG_JWT_AUDIENCE: jwt.audience: the value is in quotes"));
  EXPECT_THAT(problem_of_variable("KONG_JWT_AUDIENCE", "a,\"b\""),
              HasSubstr("KONG_JWT_AUDIENCE: jwt.audience[1]: the value is in quotes"));
}

TEST_F(MistakenValues, APlaceholdersBracketsAreNoPartOfAToken) {
  EXPECT_THAT(problem_of_variable("KONG_ADMIN_TOKEN", "<token>"), HasSubstr("is in brackets"));
  EXPECT_THAT(problem_of_variable("KONG_ADMIN_TOKEN", "[token]"), HasSubstr("is in brackets"));
}

TEST_F(MistakenValues, AMappedNetworkIsTheIpv4NetworkThatItMeans) {
  const Config config = config_of(load_with_required(
      "[security]\ntrusted_gateways = [\"::ffff:10.0.0.0/104\", \"::ffff:192.0.2.1\", \"::ffff:0:0/96\", "
      "\"fd00::/8\"]\n"));
  EXPECT_THAT(config.security.trusted_gateways, ElementsAre("10.0.0.0/8", "192.0.2.1", "0.0.0.0/0", "fd00::/8"));
}

TEST_F(MistakenValues, AnOriginThatNoBrowserSendsIsRefused) {
  auto problems = problems_of(load_with_required(
      "[api]\ncors = [\"https://*.example.com\", \"HTTPS://App.example.com\", \"https://a.example.com:443\", "
      "\"http://a.example.com:80\"]\n"));
  EXPECT_THAT(problems,
              ElementsAre(HasSubstr("api.cors[0]: \"https://*.example.com\" contains a *, which matches no "
                                    "origin; list each origin, or \"*\" alone"),
                          HasSubstr("api.cors[1]: \"HTTPS://App.example.com\" is not what a browser sends; did "
                                    "you mean \"https://app.example.com\"?"),
                          HasSubstr("api.cors[2]: \"https://a.example.com:443\" is not what a browser sends; "
                                    "did you mean \"https://a.example.com\"?"),
                          HasSubstr("did you mean \"http://a.example.com\"?")));
  EXPECT_THAT(config_of(load_with_required("[api]\ncors = [\"https://a.example.com:8443\", "
                                           "\"https://[::1]:3000\", \"https://b.example.com\"]\n"))
                  .warnings,
              IsEmpty());
}

} // namespace
} // namespace authd::config
