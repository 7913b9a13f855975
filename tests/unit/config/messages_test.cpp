// SPDX-License-Identifier: Apache-2.0
// Frequent slips, and whether the message leads to the mend.
#include <gmock/gmock.h>

#include "base/json_writer.h"
#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Messages : public ConfigTest {
 protected:
  std::string only(const Loaded& loaded) {
    const auto problems = problems_of(loaded);
    EXPECT_EQ(problems.size(), 1U);
    return problems.empty() ? "" : problems.front();
  }
};

TEST_F(Messages, AMissingQuoteIsCalledThat) {
  EXPECT_THAT(only(load_text("[server]\nhost = \"10.0.0.1\nport = 1\n")),
              HasSubstr("authd.toml:2:17: a quote (\") is missing on this line"));
  EXPECT_THAT(only(load_text("[jwt]\naudience = [\"a, \"b\"]\n")), HasSubstr(":2:18: a quote (\") is missing"));
  EXPECT_THAT(only(load_text("[server]\nhost = 10.0.0.1\"\n")), HasSubstr("a quote (\") is missing"));
  EXPECT_THAT(only(load_text("[server]\nhost = 'a\n")), HasSubstr("a quote (') is missing"));
  EXPECT_THAT(only(load_text("[server]\nhost = \"\"\"a\nport = 1\n")), HasSubstr("a string is not closed"));
}

TEST_F(Messages, TextWithoutQuotesIsCalledThat) {
  for (const char* value : {"localhost", "https://a.example.com", "10.0.0.1", "5s", "16KiB", "yes"}) {
    const std::string problem = only(load_text("[server]\nhost = " + std::string(value) + " # it's\n"));
    EXPECT_THAT(problem, HasSubstr("authd.toml:2:")) << value;
    EXPECT_THAT(problem, HasSubstr("a string needs quotes around it")) << value;
    EXPECT_THAT(problem, Not(HasSubstr(value))) << "it may be a secret";
  }
}

TEST_F(Messages, OtherSyntaxErrorsKeepTheirWords) {
  EXPECT_THAT(only(load_text("[server\n")), HasSubstr("table header"));
  EXPECT_THAT(only(load_text("[server]\nport = \n")), Not(HasSubstr("quote")));
  EXPECT_THAT(only(load_text("[server]\nhost = \"a\\\"b\"\nport = 1 2\n")), Not(HasSubstr("quote")));
}

// toml++ takes both for impossible.
TEST_F(Messages, NamesThatNoSettingCanHaveAreRefused) {
  EXPECT_THAT(only(load_text("[{servr]\n")), HasSubstr("authd.toml:1:2: "));
  EXPECT_THAT(only(load_text("[server]\nport \u00e9 = 1\n")), HasSubstr("authd.toml:2:6: "));
}

TEST_F(Messages, ShowNothingThatATerminalWouldInterpret) {
  const auto problems = problems_of(load_text("[server]\n\"a\\u009b2J\" = 1\nhost = \"\\u202e\\u009b\\u007f\"\n"));
  for (const std::string& problem : problems) {
    EXPECT_FALSE(has_control_characters(problem)) << problem;
    EXPECT_THAT(problem, Not(HasSubstr("\u202e"))) << problem;
  }
  EXPECT_THAT(problems, testing::Contains(HasSubstr("\\u202e\\u009b\\u007f")));
}

TEST_F(Messages, ATableThatStandsTwiceIsCalledThat) {
  EXPECT_THAT(only(load_text("[cache]\nttl = \"1m\"\n[cache]\nttl = \"2m\"\n")),
              HasSubstr("authd.toml:3:1: [cache] is defined a second time; did you mean [[cache]]?"));
  EXPECT_THAT(only(load_text("[cache]\nttl = \"1m\"\n[[cache]]\nttl = \"2m\"\n")),
              HasSubstr("authd.toml:3:1: [cache] is defined a second time; did you mean [[cache]]?"));
  EXPECT_THAT(only(load_text("[server]\n[jwt]\n[server] # again\n")),
              HasSubstr("authd.toml:3:1: [server] is defined a second time; put its settings under the first"));
}

TEST_F(Messages, APortIsCalledThat) {
  for (const char* port : {"99999", "0", "84x4", "-1"}) {
    const std::string url = "https://kong.example.com:" + std::string(port) + "/admin";
    EXPECT_THAT(only(load_text(std::string(kRequiredJwt) + "[gateway]\nadmin_url = \"" + url + "\"\n")),
                HasSubstr("gateway.admin_url: \"" + url + "\" has the port \"" + port + "\"; expected 1 to 65535"));
  }
  EXPECT_THAT(only(load_with_required("[api]\ncors = [\"https://a.example.com:99999\"]\n")),
              HasSubstr("has the port \"99999\""));
  config_of(load_text(std::string(kRequiredJwt) + "[gateway]\nadmin_url = \"https://[::1]:8444/a:b\"\n"));
}

TEST_F(Messages, AKeyInTheWrongTableNamesItsOwn) {
  EXPECT_THAT(only(load_with_required("[lookup]\nport = 1\n")),
              HasSubstr(":7:1: lookup.port: unknown setting; it belongs to [server]"));
  EXPECT_THAT(only(load_with_required("[server]\nadmin_token_header = \"x\"\n")),
              HasSubstr("server.admin_token_header: unknown setting; it belongs to [gateway]"));
  EXPECT_THAT(only(load_with_required("[lookup]\nmax_entries = 1\n")),
              HasSubstr("lookup.max_entries: unknown setting; it belongs to [[cache]]"));
  EXPECT_THAT(only(load_with_required("[api]\ntimeout = \"1s\"\n")),
              HasSubstr("api.timeout: unknown setting; it belongs to [breaker]"))
      << "and not to what is not built yet";
  EXPECT_THAT(only(load_with_required("[api]\nplugin = \"x\"\n")),
              HasSubstr("api.plugin: unknown setting; it belongs to [gateway] or [[cache]]"));
}

TEST_F(Messages, AKeyBeforeTheFirstTableNamesItsOwn) {
  EXPECT_THAT(only(load_text("port = 1\n" + std::string(kRequiredJwt) + kRequiredGateway)),
              HasSubstr(":1:1: port: unknown setting; it belongs to [server]"));
}

TEST_F(Messages, AModeOfTheServiceBeforeIsWrittenInCapitals) {
  EnvironmentVariables variables = required_variables();
  for (const auto& [said, meant] : {std::pair("konnect", "KONNECT"),
                                    {"Konnect", "KONNECT"},
                                    {"api_gateway", "API_GATEWAY"},
                                    {"api-gateway", "API_GATEWAY"}}) {
    variables["KONG_MODE"] = said;
    EXPECT_THAT(problems_of(load_environment(variables)),
                ElementsAre("KONG_MODE: gateway.plugin: expected " + std::string(meant) + ", got \"" + said + "\""));
  }
  EXPECT_THAT(problems_of(load_text("[gateway]\nplugin = \"KONNECT\"\n" + std::string(kRequiredJwt))),
              ElementsAre("authd.toml:2:10: gateway.plugin: expected \"kong-konnect\", got \"KONNECT\""));
}

TEST_F(Messages, ASchemaThatDoesNotParseSaysWhere) {
  schemas_["kong-gateway"] = "{\n  \"type\": \"object\",\n  \"properties\": {\"a\" 1}\n}";
  EXPECT_THAT(only(load_with_required("")),
              HasSubstr("kong-gateway: its config schema is not valid: not JSON: line 3, column 22: "));
  schemas_["kong-gateway"] = "{\"type\":\"object\"";
  EXPECT_THAT(only(load_with_required("")), HasSubstr("not JSON: line 1, column 17: "));
}

} // namespace
} // namespace authd::config
