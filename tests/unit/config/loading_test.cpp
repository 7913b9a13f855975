// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/version.h"
#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class Loading : public ConfigTest {};

TEST_F(Loading, FillsInTheDefaults) {
  Config config = config_of(load_with_required(""));
  EXPECT_EQ(config.environment, Environment::development);
  EXPECT_EQ(config.server.host, "127.0.0.1");
  EXPECT_EQ(config.server.port, 3000);
  EXPECT_EQ(config.jwt.issuer, "https://auth.example.com");
  EXPECT_EQ(config.gateway.plugin, "kong-gateway");
  EXPECT_EQ(config.gateway.name, "kong-gateway");
  EXPECT_EQ(config.telemetry.service_version, kVersion);
  EXPECT_THAT(config.security.trusted_gateways, ElementsAre("127.0.0.0/8", "::1/128"));
  ASSERT_EQ(config.cache.size(), 1U);
  EXPECT_EQ(config.cache[0].name, "cache-memory");
  EXPECT_EQ(config.file, file());
  EXPECT_TRUE(config.warnings.empty());
}

TEST_F(Loading, APassedListenerIsWhatEveryRuleAboutTheAddressJudges) {
  write("authd.toml", std::string(kRequiredJwt) + kRequiredGateway + "[server]\nport = 3001\n");
  LoadOptions options;
  options.listener = ListeningAddress{"10.0.0.7", 80};
  const Config config = config_of(load(file(), {}, source(), options));
  EXPECT_EQ(config.server.host, "10.0.0.7");
  EXPECT_EQ(config.server.port, 80);
  EXPECT_TRUE(config.security.trusted_gateways.empty()) << "not loopback, so the default is any";
  EXPECT_THAT(config.warnings, testing::Contains(HasSubstr("security.trusted_gateways: not set")));
  EXPECT_THAT(config.warnings,
              testing::Contains(testing::EndsWith("authd.toml:7:8: server.port: ignored: the service manager passed a "
                                                  "socket that listens on 10.0.0.7:80")));
  EXPECT_THAT(config.warnings, testing::Not(testing::Contains(HasSubstr("server.host: ignored"))));
}

TEST_F(Loading, SetsEveryTypedFieldFromTheFile) {
  Config config = config_of(load_text(R"(
[server]
environment = "test"
host = "0.0.0.0"
port = 0
reactors = 2
header_limit = "32KiB"
idle_timeout = "2m"
[jwt]
authority = "https://auth.example.com"
audience = ["a", "b"]
issuer = "https://first.example.com, https://second.example.com"
key_claim_name = "iss"
expiration = "1h"
clock_skew = "5s"
[gateway]
admin_url = "http://localhost:8001"
auto_provision = false
pool_size = 3
[breaker]
error_threshold = 75
[lookup]
refresh_ahead = 0
[telemetry]
log_level = "debug"
access_log = "all"
hash_user_names = true
[api]
cors = "https://a.example.com, https://b.example.com:8443"
cors_credentials = true
[security]
trusted_gateways = ["10.0.0.0/8", "fd00::/8", "192.0.2.1"]
)"));
  EXPECT_EQ(config.environment, Environment::test);
  EXPECT_EQ(config.server.port, 0);
  EXPECT_EQ(config.server.reactors, 2U);
  EXPECT_EQ(config.server.header_limit, 32U * 1024);
  EXPECT_EQ(config.server.idle_timeout, milliseconds(120'000));
  EXPECT_THAT(config.jwt.audience, ElementsAre("a", "b"));
  EXPECT_EQ(config.jwt.issuer, "https://first.example.com");
  EXPECT_EQ(config.jwt.key_claim_name, "iss");
  EXPECT_EQ(config.jwt.expiration, seconds(3600));
  EXPECT_EQ(config.jwt.clock_skew, seconds(5));
  EXPECT_FALSE(config.gateway.auto_provision);
  EXPECT_EQ(config.gateway.pool_size, 3U);
  EXPECT_EQ(config.breaker.error_threshold_percent, 75U);
  EXPECT_EQ(config.lookup.refresh_ahead, 0);
  EXPECT_EQ(config.telemetry.log_level, Level::debug);
  EXPECT_EQ(config.telemetry.access_log, AccessLog::all);
  EXPECT_TRUE(config.telemetry.hash_user_names);
  EXPECT_THAT(config.api.cors, ElementsAre("https://a.example.com", "https://b.example.com:8443"));
  EXPECT_THAT(config.security.trusted_gateways, ElementsAre("10.0.0.0/8", "fd00::/8", "192.0.2.1"));
}

TEST_F(Loading, ReportsEveryMistakeAtOnceInTheOrderOfTheFileThenTheEnvironments) {
  auto problems = problems_of(load_text("[breaker]\n"
                                        "timeout = \"50ms\"\n"
                                        "tiemout = \"1s\"\n"
                                        "[server]\n"
                                        "port = \"3000\"\n"
                                        "idle_timeout = 75\n"
                                        "[jwt]\n"
                                        "audience = [\"\"]\n"
                                        "[gateway]\n"
                                        "connect_timeout = \"1ms\"\n",
                                        {{"JWT_EXPIRATION_MINUTES", "61"}, {"CIRCUIT_BREAKER_RESET_TIMEOUT", "x"}}));
  EXPECT_THAT(
      problems,
      ElementsAre(
          "authd.toml:2:11: breaker.timeout: 50ms is below the minimum of 100ms",
          "authd.toml:3:1: breaker.tiemout: unknown setting; did you mean \"timeout\"?",
          "authd.toml:5:8: server.port: expected a whole number, got a string",
          "authd.toml:6:16: server.idle_timeout: a bare number has no unit; write a duration as a string with ms, "
          "s, m or h, such as \"500ms\"",
          "authd.toml:7:1: jwt.authority: is required (or KONG_JWT_AUTHORITY in the environment)",
          "authd.toml:8:13: jwt.audience[0]: must not be empty",
          "authd.toml:9:1: gateway.admin_url: is required (or KONG_ADMIN_URL in the environment)",
          "authd.toml:10:19: gateway.connect_timeout: 1ms is below the minimum of 100ms",
          "JWT_EXPIRATION_MINUTES: jwt.expiration: 61 minutes is above the maximum of 60 minutes",
          "CIRCUIT_BREAKER_RESET_TIMEOUT: breaker.reset_timeout: expected a whole number of milliseconds, "
          "got \"x\""));
}

TEST_F(Loading, NamesSettingAndVariableOfWhatIsMissingWithoutAFile) {
  EXPECT_THAT(problems_of(load_environment({})),
              ElementsAre("jwt.authority: is required (or KONG_JWT_AUTHORITY in the environment)",
                          "jwt.audience: is required (or KONG_JWT_AUDIENCE in the environment)",
                          "gateway.admin_url: is required (or KONG_ADMIN_URL in the environment)"));
}

TEST_F(Loading, ReportsASyntaxErrorAloneWithItsPosition) {
  auto problems = problems_of(load_text("[server]\nport = \n[breaker]\ntimeout = \"1ms\"\n", {{"PORT", "x"}}));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0], StartsWith("authd.toml:2:"));
}

TEST_F(Loading, ReportsADuplicateKeyAsASyntaxError) {
  auto problems = problems_of(load_text("[server]\nport = 1\nport = 2\n"));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_THAT(problems[0], StartsWith("authd.toml:3:"));
}

TEST_F(Loading, SaysWhyAFileCannotBeRead) {
  auto missing = load((folder_ / "none.toml").string(), {}, source());
  EXPECT_THAT(problems_of(missing), ElementsAre("none.toml: No such file or directory"));
  auto folder = load((folder_ / ".").string(), required_variables(), source());
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error()[0].line, HasSubstr("is a directory"));
}

TEST_F(Loading, TellsATableFromAnArrayOfTables) {
  EXPECT_THAT(problems_of(load_text("server = 5\ncache = 3\n[[gateway]]\n" + std::string(kRequiredJwt),
                                    {{"KONG_ADMIN_URL", "https://kong.example.com"}})),
              ElementsAre("authd.toml:1:10: server: expected a table, [server], got an integer",
                          "authd.toml:2:9: cache: expected one or more tables, [[cache]]",
                          "authd.toml:3:1: gateway: expected a table, [gateway], got an array"));
  EXPECT_THAT(problems_of(load_with_required("[cache]\nttl = \"1m\"\n")),
              ElementsAre("authd.toml:6:1: cache: expected one or more tables, [[cache]]"));
}

TEST_F(Loading, RefusesUnknownTablesWithTheNearestName) {
  EXPECT_THAT(problems_of(load_with_required("[braeker]\n[colours]\n")),
              ElementsAre("authd.toml:6:2: braeker: unknown setting; did you mean \"breaker\"?",
                          HasSubstr("colours: unknown setting; known here: server, admin, jwt, gateway")));
}

TEST_F(Loading, RefusesEveryWrongType) {
  auto problems = problems_of(load_with_required("[telemetry]\n"
                                                 "log_level = 3\n"
                                                 "hash_user_names = \"yes\"\n"
                                                 "[server]\n"
                                                 "port = 3.5\n"
                                                 "host = 2026-11-22\n"
                                                 "[lookup]\n"
                                                 "refresh_ahead = nan\n"
                                                 "negative_ttl = true\n"
                                                 "[api]\n"
                                                 "cors = 1\n"
                                                 "[plugins]\n"
                                                 "pins = \"x\"\n"));
  EXPECT_THAT(
      problems,
      ElementsAre(HasSubstr(":7:13: telemetry.log_level: expected a string, got an integer"),
                  HasSubstr(":8:19: telemetry.hash_user_names: expected true or false, got a string"),
                  HasSubstr(":10:8: server.port: expected a whole number, got a number"),
                  HasSubstr(":11:8: server.host: expected a string, got a date or time"),
                  HasSubstr(":13:17: lookup.refresh_ahead: expected a finite number, got a number"),
                  HasSubstr(":14:16: lookup.negative_ttl: expected a duration such as \"500ms\", got a boolean"),
                  HasSubstr(":16:8: api.cors: expected an array, got an integer"),
                  HasSubstr(":18:8: plugins.pins: expected a table, got a string")));
}

TEST_F(Loading, RefusesWhatItsFormatDoesNotAllow) {
  auto problems =
      problems_of(load_text("[server]\nhost = \"10.0.0.300\"\n"
                            "[jwt]\nauthority = \"ftp://auth.example.com\"\naudience = []\n"
                            "key_claim_name = \"sub\"\nexpiration = \"90500ms\"\nclock_skew = \"5 s\"\n"
                            "[gateway]\nadmin_url = \"kong:8001\"\nsha256 = \"abc\"\n"
                            "[api]\ncors = [\"https://a.example.com/path\"]\n"
                            "[security]\ntrusted_gateways = [\"10.0.0.0/33\", \"10.1.2.3/8\", \"kong\"]\n"));
  EXPECT_THAT(problems,
              ElementsAre(HasSubstr("server.host: \"10.0.0.300\" is neither an IP address nor a host name"),
                          HasSubstr("jwt.authority: \"ftp://auth.example.com\" is not an https or http URL"),
                          HasSubstr("jwt.audience: has 0 entries; expected at least 1"),
                          HasSubstr("jwt.key_claim_name: \"sub\" is not one of key, iss, kid"),
                          HasSubstr("jwt.expiration: 90500ms is not a multiple of 1s"),
                          HasSubstr("jwt.clock_skew: \"5 s\" is not a duration such as \"500ms\""),
                          HasSubstr("gateway.admin_url: \"kong:8001\" is not an absolute URL"),
                          HasSubstr("gateway.sha256: \"abc\" is not a sha256"),
                          HasSubstr("api.cors[0]: \"https://a.example.com/path\" is neither \"*\" nor an origin"),
                          HasSubstr("security.trusted_gateways[0]: \"10.0.0.0/33\" is not an address range"),
                          HasSubstr("security.trusted_gateways[1]: \"10.1.2.3/8\" has bits set after its prefix; did "
                                    "you mean \"10.0.0.0/8\"?"),
                          HasSubstr("security.trusted_gateways[2]: \"kong\" is not an address range")));
}

TEST_F(Loading, AllowsPortZeroInTestsOnly) {
  EXPECT_THAT(problems_of(load_with_required("[server]\nport = 0\n")),
              ElementsAre(HasSubstr(":7:8: server.port: 0 is below the minimum of 1")));
  EXPECT_EQ(config_of(load_with_required("[server]\nport = 0\n", {{"AUTHD_ENV", "test"}})).server.port, 0);
}

TEST_F(Loading, KnowsTheAddressThatStandsForAll) {
  for (const char* host : {"0.0.0.0", "::"}) {
    EXPECT_EQ(config_of(load_with_required("[server]\nhost = \"" + std::string(host) + "\"\n")).server.host, host);
  }
  EXPECT_THAT(config_of(load_with_required("[security]\ntrusted_gateways = [\"0.0.0.0/0\", \"::/0\"]\n"))
                  .security.trusted_gateways,
              ElementsAre("0.0.0.0/0", "::/0"));
}

TEST_F(Loading, RefusesCredentialsForEveryOrigin) {
  EXPECT_THAT(problems_of(load_with_required("[api]\ncors_credentials = true\n")),
              ElementsAre(HasSubstr(":7:20: api.cors_credentials: true is not allowed while api.cors is \"*\"")));
  EXPECT_THAT(problems_of(load_with_required("[api]\ncors = [\"*\", \"https://a.example.com\"]\n")),
              ElementsAre(HasSubstr(":7:8: api.cors: \"*\" already allows every origin")));
}

TEST_F(Loading, WarnsWhenAnybodyMayAskForTokens) {
  Config config = config_of(load_with_required("[server]\nhost = \"0.0.0.0\"\n"));
  EXPECT_TRUE(config.security.trusted_gateways.empty());
  EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("security.trusted_gateways: not set")));
}

TEST_F(Loading, KeepsPositionsOfDottedKeysAndInlineTables) {
  EXPECT_THAT(problems_of(load_text("breaker.timeout = \"1ms\"\nserver = { port = 70000 }\n", required_variables())),
              ElementsAre("authd.toml:1:19: breaker.timeout: 1ms is below the minimum of 100ms",
                          "authd.toml:2:19: server.port: 70000 is above the maximum of 65535"));
}

TEST_F(Loading, SaysEachProblemInOneLine) {
  auto problems = problems_of(load_with_required("[telemetry]\nlog_level = \"a\\nb\"\n\"c\\nd\" = 1\n"));
  ASSERT_EQ(problems.size(), 2U);
  for (const std::string& line : problems) EXPECT_EQ(line.find('\n'), std::string::npos) << line;
}

TEST_F(Loading, TheAuditTrailIsOnButInDevelopment) {
  const auto audits = [this](const std::string& text, const EnvironmentVariables& variables) {
    return config_of(load_with_required(text, variables)).telemetry.audit;
  };
  EXPECT_FALSE(audits("", {}));
  EXPECT_FALSE(audits("", {{"AUTHD_ENV", "development"}}));
  for (const char* environment : {"staging", "test", "local"}) EXPECT_TRUE(audits("", {{"AUTHD_ENV", environment}}));
  EXPECT_TRUE(audits("[telemetry]\naudit = true\n", {}));
  EXPECT_FALSE(audits("", {{"AUTHD_ENV", "staging"}, {"AUTHD_AUDIT", "false"}}));
}

TEST_F(Loading, GatewaysAreNamedOnlyBySomebody) {
  const auto named = [this](const std::string& text, const EnvironmentVariables& variables) {
    return config_of(load_with_required(text, variables)).security.names_gateways;
  };
  EXPECT_FALSE(named("", {})) << "loopback, because server.host is";
  EXPECT_TRUE(named("[security]\ntrusted_gateways = [\"127.0.0.0/8\"]\n", {}));
  EXPECT_TRUE(named("", {{"AUTHD_TRUSTED_GATEWAYS", "10.0.0.0/8"}}));
  EXPECT_FALSE(named("[security]\ntrusted_gateways = []\n", {})) << "anybody is no gateway";
}

TEST_F(Loading, ShowsAValueAsItWasWritten) {
  EXPECT_THAT(problems_of(load_with_required("[breaker]\ntimeout = \"0m\"\n")),
              Contains(HasSubstr("breaker.timeout: 0m is below the minimum of 100ms")));
}

} // namespace
} // namespace authd::config
