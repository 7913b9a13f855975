// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kGoodToken = "q7Xv2LmZ9rTb4KsW8yHc3NdF6gJp1QaE";

class Production : public ConfigTest {
 protected:
  // A configuration that production accepts, but for these lines.
  struct Lines {
    std::string authority = "https://auth.example.com";
    std::string admin_url = "https://kong.example.com:8444";
    std::string admin_token = kGoodToken;
    std::string telemetry = "";
    std::string security = "trusted_gateways = [\"10.0.0.0/8\"]\n";
  };

  Loaded load_lines(const Lines& lines, const char* environment = "production") {
    return load_text("[jwt]\nauthority = \"" + lines.authority + "\"\naudience = \"api\"\n[gateway]\nadmin_url = \"" +
                         lines.admin_url + "\"\nadmin_token = \"" + lines.admin_token + "\"\n[telemetry]\n" +
                         lines.telemetry + "[security]\n" + lines.security,
                     {{"AUTHD_ENV", environment}});
  }

  void expect_refused(const Lines& lines, const std::string& message) {
    EXPECT_THAT(problems_of(load_lines(lines)), ElementsAre(HasSubstr(message)));
    config_of(load_lines(lines, "staging"));
  }
};

TEST_F(Production, AcceptsAGoodConfigurationWithoutWarnings) {
  EXPECT_THAT(config_of(load_lines({})).warnings, IsEmpty());
}

TEST_F(Production, RefusesPlainHttp) {
  expect_refused({.admin_url = "http://kong.example.com:8001"},
                 "authd.toml:5:13: gateway.admin_url: production refuses plain http; use https; or waive it: "
                 "security.waivers = [\"gateway.admin_url\"]");
  expect_refused({.authority = "http://auth.example.com"}, "authd.toml:2:13: jwt.authority: production refuses plain");
}

TEST_F(Production, RefusesUrlsOfThisMachine) {
  for (const char* host : {"localhost", "LOCALHOST:8444", "kong.localhost", "127.0.0.1", "127.8.9.1:8444", "[::1]:8444",
                           "[::ffff:127.0.0.1]", "0.0.0.0", "[::]:8444", "localhost."}) {
    SCOPED_TRACE(host);
    expect_refused({.admin_url = std::string("https://") + host}, "gateway.admin_url: production refuses a loopback");
    expect_refused({.authority = std::string("https://") + host}, "jwt.authority: production refuses a loopback");
  }
}

TEST_F(Production, RefusesProfilingOutright) {
  const std::string enabled = "[profiling]\nenabled = true\n";
  expect_refused({.telemetry = enabled}, "authd.toml:9:11: profiling.enabled: production refuses profiling; remove");
  const std::string waived = "trusted_gateways = [\"10.0.0.0/8\"]\nwaivers = [\"profiling.enabled\"]\n";
  EXPECT_THAT(problems_of(load_lines({.telemetry = enabled, .security = waived})),
              testing::Contains(HasSubstr("profiling.enabled: production refuses profiling")));
  EXPECT_FALSE(config_of(load_lines({.telemetry = "[profiling]\nenabled = false\n"})).profiling.enabled);
}

TEST_F(Production, RefusesShortTokens) {
  expect_refused({.admin_token = "q7Xv2LmZ9rTb4KsW8yHc3NdF6gJp1Qa"},
                 "gateway.admin_token: production refuses a secret of 31 characters; expected at least 32");
}

TEST_F(Production, DoesNotCountTheWordBearerAsPartOfAToken) {
  expect_refused({.admin_token = "Bearer q7Xv2LmZ9rTb4KsW8yHc3NdF6"},
                 "gateway.admin_token: production refuses a secret of 25 characters; expected at least 32");
  expect_refused({.admin_token = "bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
                 "gateway.admin_token: production refuses what looks like a placeholder");
  config_of(load_lines({.admin_token = std::string("BEARER ") + kGoodToken}));
}

TEST_F(Production, RefusesATableWithoutWhatItsPluginRequiresThere) {
  std::string& schema = schemas_["kong-gateway"];
  const std::string_view rule = R"("x-authd-min-production-length":32)";
  schema.insert(schema.find(rule) + rule.size(), R"(,"x-authd-required-in-production":true)");
  const std::string file =
      std::string(kRequiredJwt) + kRequiredGateway + "[security]\ntrusted_gateways = [\"10.0.0.0/8\"]\n";
  EXPECT_THAT(problems_of(load_text(file, {{"AUTHD_ENV", "production"}})),
              ElementsAre("authd.toml:4:1: gateway.admin_token: is required in production (or KONG_ADMIN_TOKEN in the "
                          "environment); or waive it: security.waivers = [\"gateway.admin_token\"]"));
  EXPECT_THAT(
      config_of(load_text(file + "waivers = [\"gateway.admin_token\"]\n", {{"AUTHD_ENV", "production"}})).warnings,
      ElementsAre(HasSubstr("gateway.admin_token: is required in production")));
  config_of(load_text(file, {{"AUTHD_ENV", "staging"}}));
}

TEST_F(Production, RefusesPlaceholders) {
  for (const char* token : {"changeme-changeme-changeme-changeme", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                            "<put-the-admin-token-of-kong-here-now>", "your-kong-admin-token-goes-in-here-00",
                            "1234567890123456789012345678901234567890"}) {
    SCOPED_TRACE(token);
    expect_refused({.admin_token = token}, "gateway.admin_token: production refuses what looks like a placeholder");
  }
}

TEST_F(Production, WantsToBeToldTheTrustedGateways) {
  expect_refused({.security = ""}, "authd.toml:8:1: security.trusted_gateways: is required in production");
  expect_refused({.security = "trusted_gateways = []\n"}, "security.trusted_gateways: is required in production");
}

TEST_F(Production, RefusesServiceNamesAndVersionsOfDevelopment) {
  expect_refused({.telemetry = "service_name = \"auth-test\"\n"}, "telemetry.service_name: production refuses");
  expect_refused({.telemetry = "service_name = \"localhost\"\n"}, "telemetry.service_name: production refuses");
  expect_refused({.telemetry = "service_name = \"TEST\"\n"}, "telemetry.service_name: production refuses");
  expect_refused({.telemetry = "service_name = \"Auth-Test\"\n"}, "telemetry.service_name: production refuses");
  expect_refused({.telemetry = "service_version = \"DEV\"\n"}, "telemetry.service_version: production refuses");
  expect_refused({.telemetry = "service_version = \"dev\"\n"}, "telemetry.service_version: production refuses");
  expect_refused({.telemetry = "service_version = \"latest\"\n"}, "telemetry.service_version: production refuses");
  config_of(load_lines({.telemetry = "service_name = \"contest-auth\"\nservice_version = \"1.0-dev\"\n"}));
}

TEST_F(Production, DoesWithoutARuleThatIsWaivedAndSaysSo) {
  Config config = config_of(load_lines({.admin_url = "http://kong.internal:8001",
                                        .admin_token = "short",
                                        .security = "waivers = [\"gateway.admin_url\", \"gateway.admin_token\", "
                                                    "\"security.trusted_gateways\"]\n"}));
  EXPECT_THAT(config.warnings,
              testing::UnorderedElementsAre(HasSubstr("gateway.admin_url: production refuses plain http"),
                                            HasSubstr("gateway.admin_token: production refuses a secret of 5"),
                                            HasSubstr("security.trusted_gateways: is required")));
}

TEST_F(Production, DoesNotMentionAWaiverThatIsNotNeeded) {
  Config config = config_of(load_lines(
      {.security = "trusted_gateways = [\"10.0.0.0/8\"]\nwaivers = [\"gateway.admin_url\", \"jwt.authority\"]\n"}));
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST_F(Production, WaivesNothingInAListOfOrigins) {
  auto loaded = load_lines({.security = "trusted_gateways = [\"10.0.0.0/8\"]\nwaivers = [\"api.cors_credentials\"]\n"
                                        "[api]\ncors_credentials = true\n"});
  EXPECT_THAT(
      problems_of(loaded),
      ElementsAre(HasSubstr("security.waivers: \"api.cors_credentials\" is not a setting with a production rule"),
                  HasSubstr("api.cors_credentials: true is not allowed")));
}

// A position would come to mean another tier when one is added in front.
TEST_F(Production, WaivesTheRuleOfATierByItsName) {
  const auto with = [&](const std::string& waiver) {
    return load_lines({.security = "trusted_gateways = [\"10.0.0.0/8\"]\nwaivers = [\"" + waiver +
                                   "\", \"lookup.encryption_keys\"]\n[[cache]]\n[[cache]]\nplugin = \"cache-redis\"\n"
                                   "name = \"west\"\nurl = \"redis://redis.example.com\"\n"});
  };
  EXPECT_THAT(config_of(with("cache.west.url")).warnings,
              testing::Contains(HasSubstr("cache.west.url: production refuses this scheme")));
  EXPECT_THAT(
      problems_of(with("gateway.admin_url")),
      ElementsAre(HasSubstr("authd.toml:15:7: cache[1].url: production refuses this scheme; use rediss://, "
                            "rediss+sentinel://, unix://; or waive it: security.waivers = [\"cache.west.url\"]")));
  EXPECT_THAT(problems_of(with("cache[1].url")),
              testing::Contains(HasSubstr("security.waivers: \"cache[1].url\" names a tier by position; use its name: "
                                          "\"cache.west.url\"")));
  EXPECT_THAT(
      problems_of(with("cache[1].none")),
      testing::Contains(HasSubstr("security.waivers: \"cache[1].none\" is not a setting with a production rule")));
}

TEST_F(Production, RefusesAnUnknownWaiverInEveryEnvironment) {
  Lines lines{.security = "trusted_gateways = [\"10.0.0.0/8\"]\nwaivers = [\"gateway.adminurl\"]\n"};
  for (const char* environment : {"production", "development"}) {
    EXPECT_THAT(
        problems_of(load_lines(lines, environment)),
        ElementsAre("authd.toml:10:12: security.waivers: \"gateway.adminurl\" is not a setting with a production "
                    "rule; did you mean \"gateway.admin_url\"?"));
  }
}

TEST_F(Production, IsNotTheDefault) {
  Config config = config_of(load_with_required("", {{"KONG_ADMIN_URL", "http://localhost:8001"}}));
  EXPECT_EQ(config.environment, Environment::development);
}

} // namespace
} // namespace authd::config
