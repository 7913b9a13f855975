// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <gmock/gmock.h>

#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Variables : public ConfigTest {
 protected:
  Config with(const EnvironmentVariables& more) {
    EnvironmentVariables variables = required_variables();
    for (const auto& [name, value] : more) variables.insert_or_assign(name, value);
    return config_of(load_environment(variables));
  }
};

TEST_F(Variables, AreReadInTheUnitsOfTheirNames) {
  Config config = with({{"CIRCUIT_BREAKER_TIMEOUT", "700"},
                        {"CIRCUIT_BREAKER_RESET_TIMEOUT", "2000"},
                        {"CIRCUIT_BREAKER_ERROR_THRESHOLD", "60"},
                        {"JWT_EXPIRATION_MINUTES", "20"},
                        {"CACHE_TTL_SECONDS", "90"},
                        {"STALE_DATA_TOLERANCE_MINUTES", "45"},
                        {"KONG_CONNECTION_TIMEOUT", "1500"}});
  EXPECT_EQ(config.breaker.timeout, milliseconds(700));
  EXPECT_EQ(config.breaker.reset_timeout, milliseconds(2000));
  EXPECT_EQ(config.breaker.error_threshold_percent, 60U);
  EXPECT_EQ(config.jwt.expiration, seconds(1200));
  EXPECT_EQ(config.cache.at(0).ttl, milliseconds(90'000));
  EXPECT_EQ(config.cache.at(0).stale, milliseconds(45 * 60'000));
  EXPECT_EQ(config.gateway.settings.values.at("/connect_timeout").integer, 1500);
}

TEST_F(Variables, OfTheReplacedServiceThatMeanNothingHereAreNamedOnceWithTheMend) {
  EXPECT_THAT(with({{"REDIS_URL", "redis://a"}, {"REDIS_DB", "1"}}).warnings,
              ElementsAre("REDIS_DB, REDIS_URL: no effect without a Redis tier; set REDIS_ENABLED=true, or add a "
                          "[[cache]] with plugin = \"cache-redis\""));
  EXPECT_THAT(with({{"REDIS_URL", "redis://a"}, {"REDIS_ENABLED", "false"}}).warnings, IsEmpty()) << "on purpose";
  EXPECT_THAT(with({{"API_CORS_ORIGIN", "https://a.example"}}).warnings,
              ElementsAre("API_CORS_ORIGIN: not read; set API_CORS to the same value, or api.cors"));
  const Config silent = with({{"LOG_LEVEL", "silent"}});
  EXPECT_EQ(silent.telemetry.log_level, Level::fatal);
  EXPECT_THAT(silent.warnings, ElementsAre(HasSubstr("LOG_LEVEL: silent is taken as fatal")));
  EXPECT_EQ(with({{"LOG_LEVEL", "trace"}}).telemetry.log_level, Level::debug);
}

TEST_F(Variables, WaiveProductionRules) {
  EXPECT_THAT(with({{"AUTHD_ENV", "production"},
                    {"KONG_ADMIN_URL", "http://kong.example.com:8001"},
                    {"KONG_ADMIN_TOKEN", "kGa8Zp2rTq0vXw5yB7nM1sD4fJ6hL9cE"},
                    {"AUTHD_TRUSTED_GATEWAYS", "10.0.0.0/8"},
                    {"AUTHD_WAIVERS", "gateway.admin_url"}})
                  .security.waivers,
              ElementsAre("gateway.admin_url"));
}

TEST_F(Variables, SetEverythingThatHasOne) {
  Config config = with({{"HOST", "::1"},
                        {"PORT", "8080"},
                        {"AUTHD_REACTORS", "3"},
                        {"KONG_JWT_AUDIENCE", "a, b,c"},
                        {"KONG_JWT_ISSUER", "first,second"},
                        {"KONG_JWT_KEY_CLAIM_NAME", "kid"},
                        {"KONG_CONNECTION_POOL_SIZE", "7"},
                        {"OTEL_SERVICE_NAME", "tokens"},
                        {"OTEL_SERVICE_VERSION", "9.9"},
                        {"LOG_LEVEL", "warn"},
                        {"API_CORS", "https://a.example.com,https://b.example.com"},
                        {"API_TITLE", "Tokens"},
                        {"API_DESCRIPTION", "Ours"},
                        {"API_VERSION", "1.5"},
                        {"API_CONTACT_NAME", "We"},
                        {"API_CONTACT_EMAIL", "we@example.com"},
                        {"API_LICENSE_NAME", "Apache 2.0"},
                        {"API_LICENSE_IDENTIFIER", "Apache-2.0"},
                        {"AUTHD_TRUSTED_GATEWAYS", "10.0.0.0/8, ::1"}});
  EXPECT_EQ(config.server.host, "::1");
  EXPECT_EQ(config.server.port, 8080);
  EXPECT_EQ(config.server.reactors, 3U);
  EXPECT_THAT(config.jwt.audience, ElementsAre("a", "b", "c"));
  EXPECT_EQ(config.jwt.issuer, "first");
  EXPECT_EQ(config.jwt.key_claim_name, "kid");
  EXPECT_EQ(config.gateway.pool_size, 7U);
  EXPECT_EQ(config.gateway.settings.values.at("/pool_size").integer, 7);
  EXPECT_EQ(config.telemetry.service_name, "tokens");
  EXPECT_EQ(config.telemetry.service_version, "9.9");
  EXPECT_EQ(config.telemetry.log_level, Level::warn);
  EXPECT_THAT(config.api.cors, ElementsAre("https://a.example.com", "https://b.example.com"));
  EXPECT_EQ(config.api.title, "Tokens");
  EXPECT_EQ(config.api.description, "Ours");
  EXPECT_EQ(config.api.version, "1.5");
  EXPECT_EQ(config.api.contact_name, "We");
  EXPECT_EQ(config.api.contact_email, "we@example.com");
  EXPECT_EQ(config.api.license_name, "Apache 2.0");
  EXPECT_EQ(config.api.license_identifier, "Apache-2.0");
  EXPECT_THAT(config.security.trusted_gateways, ElementsAre("10.0.0.0/8", "::1"));
}

TEST_F(Variables, WinOverTheFile) {
  Config config =
      config_of(load_with_required("[breaker]\ntimeout = \"200ms\"\n", {{"CIRCUIT_BREAKER_TIMEOUT", "300"}}));
  EXPECT_EQ(config.breaker.timeout, milliseconds(300));
}

TEST_F(Variables, CountAsNotSetWhenEmpty) {
  Config config = config_of(load_with_required("[breaker]\ntimeout = \"200ms\"\n", {{"CIRCUIT_BREAKER_TIMEOUT", ""}}));
  EXPECT_EQ(config.breaker.timeout, milliseconds(200));
}

TEST_F(Variables, OfATierApplyOnlyToTiersThatDoNotSetTheirOwn) {
  Config config = config_of(load_with_required(
      "[[cache]]\nname = \"a\"\nttl = \"1m\"\nstale = \"2m\"\nmax_entries = 5\n"
      "[[cache]]\nname = \"b\"\n",
      {{"CACHE_TTL_SECONDS", "90"}, {"STALE_DATA_TOLERANCE_MINUTES", "45"}, {"CACHE_MAX_SIZE", "77"}}));
  ASSERT_EQ(config.cache.size(), 2U);
  EXPECT_EQ(config.cache[0].ttl, milliseconds(60'000));
  EXPECT_EQ(config.cache[0].stale, milliseconds(120'000));
  EXPECT_EQ(config.cache[0].settings.values.at("/max_entries").integer, 5);
  EXPECT_EQ(config.cache[1].ttl, milliseconds(90'000));
  EXPECT_EQ(config.cache[1].stale, milliseconds(45 * 60'000));
  EXPECT_EQ(config.cache[1].settings.values.at("/max_entries").integer, 77);
}

TEST_F(Variables, NodeEnvIsReadWhenAuthdEnvIsNot) {
  EXPECT_EQ(with({{"NODE_ENV", "staging"}}).environment, Environment::staging);
  EXPECT_EQ(with({{"NODE_ENV", "staging"}, {"AUTHD_ENV", "local"}}).environment, Environment::local);
  auto refused = load_environment({{"NODE_ENV", "prod"},
                                   {"KONG_JWT_AUTHORITY", "https://auth.example.com"},
                                   {"KONG_JWT_AUDIENCE", "api"},
                                   {"KONG_ADMIN_URL", "https://kong.example.com"}});
  EXPECT_THAT(problems_of(refused), ElementsAre("NODE_ENV: server.environment: \"prod\" is not one of development, "
                                                "staging, production, test, local"));
}

TEST_F(Variables, KongModeMayUseTheNamesOfTheServiceBefore) {
  schemas_["kong-konnect"] = R"({"type":"object"})";
  EXPECT_EQ(with({{"KONG_MODE", "API_GATEWAY"}}).gateway.plugin, "kong-gateway");
  EXPECT_EQ(with({{"KONG_MODE", "KONNECT"}}).gateway.plugin, "kong-konnect");
  EXPECT_EQ(with({{"KONG_MODE", "kong-gateway"}}).gateway.plugin, "kong-gateway");
  EXPECT_EQ(config_of(load_text("[gateway]\nplugin = \"kong-declarative\"\n" + std::string(kRequiredJwt),
                                {{"KONG_MODE", "KONNECT"}}))
                .gateway.plugin,
            "kong-konnect");
}

TEST_F(Variables, AWrongOneSaysWhatIsWanted) {
  EnvironmentVariables variables = required_variables();
  variables["PORT"] = "http";
  variables["CIRCUIT_BREAKER_TIMEOUT"] = "500ms";
  variables["CIRCUIT_BREAKER_ENABLED"] = "maybe";
  variables["CACHE_TTL_SECONDS"] = "99999999999999999999";
  variables["KONG_JWT_AUDIENCE"] = "a,,b";
  EXPECT_THAT(problems_of(load_environment(variables)),
              ElementsAre("PORT: server.port: expected a whole number, got \"http\"",
                          "KONG_JWT_AUDIENCE: jwt.audience[1]: must not be empty",
                          "CIRCUIT_BREAKER_TIMEOUT: breaker.timeout: expected a whole number of milliseconds, got "
                          "\"500ms\"",
                          "CIRCUIT_BREAKER_ENABLED: expected true or false, got \"maybe\"",
                          HasSubstr("CACHE_TTL_SECONDS: cache[0].ttl: expected a whole number of seconds, got")));
}

TEST_F(Variables, SwitchingTheBreakerOffIsAWarning) {
  EXPECT_THAT(with({{"CIRCUIT_BREAKER_ENABLED", "false"}}).warnings,
              ElementsAre(HasSubstr("CIRCUIT_BREAKER_ENABLED: false changes nothing")));
  EXPECT_THAT(with({{"CIRCUIT_BREAKER_ENABLED", "true"}}).warnings, IsEmpty());
}

TEST_F(Variables, OfTheProcessAreSeen) {
  ASSERT_EQ(::setenv("AUTHD_TEST_VARIABLE", "a=b", 1), 0);
  EXPECT_EQ(process_environment().at("AUTHD_TEST_VARIABLE"), "a=b");
}

} // namespace
} // namespace authd::config
