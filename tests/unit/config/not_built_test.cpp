// SPDX-License-Identifier: Apache-2.0
// Settings of features that this authd does not have yet: known, checked, and warned about by name.
#include <gmock/gmock.h>

#include "fixture.h"

namespace authd::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kNoEffect = "it has no effect in this version of authd";

class NotBuilt : public ConfigTest {
 protected:
  std::vector<std::string> warnings_of(const std::string& text) {
    std::vector<std::string> lines = config_of(load_with_required(text)).warnings;
    for (std::string& line : lines) line.erase(0, line.find("authd.toml"));
    return lines;
  }
};

// A clock that a file moves decides when keys and codes expire.
TEST_F(NotBuilt, AClockIsMovedInTestsAlone) {
  EnvironmentVariables variables = required_variables();
  variables["AUTHD_TEST_CLOCK"] = "/tmp/clock";
  const Config in_development = config_of(load_environment(variables));
  EXPECT_EQ(in_development.test_clock, "");
  EXPECT_THAT(in_development.warnings, ElementsAre("AUTHD_TEST_CLOCK: ignored, because it is for environment test "
                                                   "alone; unset it"));
  variables["AUTHD_ENV"] = "test";
  EXPECT_EQ(config_of(load_environment(variables)).test_clock, "/tmp/clock");
}

TEST_F(NotBuilt, AKeyOfTheContractIsNotUnknown) {
  const std::string text = R"(credentials = "asymmetric"
algorithm = "EdDSA"
isolation = "process"
memory_limit = "128MiB"
max_concurrency = 4
[[cache]]
isolation = "none"
memory_limit = "64MiB"
max_concurrency = 0
[plugins]
trusted_keys = []
)";
  const auto keys = static_cast<std::size_t>(std::count(text.begin(), text.end(), '='));
  const auto warnings = warnings_of(text);
  EXPECT_EQ(warnings.size(), keys);
  for (const std::string& line : warnings) EXPECT_THAT(line, HasSubstr(kNoEffect));
  EXPECT_THAT(warnings, testing::Contains("authd.toml:6:15: gateway.credentials: " + std::string(kNoEffect)));
}

// hmac is what is built; a value that contradicts it is refused, not ignored.
TEST_F(NotBuilt, AnAlgorithmGoesWithItsKindOfCredentials) {
  EXPECT_THAT(problems_of(load_with_required("algorithm = \"ES256\"\n")),
              ElementsAre(HasSubstr("gateway.algorithm: \"ES256\" is for asymmetric credentials, but "
                                    "gateway.credentials is \"hmac\"")));
  EXPECT_THAT(problems_of(load_with_required("credentials = \"asymmetric\"\nalgorithm = \"HS512\"\n")),
              ElementsAre(HasSubstr("gateway.algorithm: \"HS512\" is for hmac credentials, but gateway.credentials is "
                                    "\"asymmetric\"")));
  const Config config = config_of(load_with_required("algorithm = \"HS512\"\n"));
  EXPECT_EQ(config.gateway.algorithm, "HS512");
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_EQ(config_of(load_with_required("")).gateway.algorithm, "HS256");
}

TEST_F(NotBuilt, InJwtTheyAreKnownToo) {
  const Config config = config_of(load_text(std::string(kRequiredJwt) + "reuse = 0.5\n" + kRequiredGateway));
  EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("jwt.reuse: ")));
}

TEST_F(NotBuilt, TheyAreHeldAgainstTheirRules) {
  EXPECT_THAT(
      problems_of(
          load_with_required("algorithm = \"none\"\n[server]\nunix_socket_mode = \"rw\"\nunix_peers = [\"root\"]\n"
                             "[rate_limit]\nwindow = 60000\n[telemetry]\nmode = \"file\"\nbatch_size = 6000\n"
                             "endpoint = \"otel:4317\"\n[api]\ntitel = \"x\"\n",
                             {{"OTEL_EXPORTER_OTLP_TIMEOUT", "1"}})),
      ElementsAre(HasSubstr("gateway.algorithm: \"none\" is not one of HS256, HS384"),
                  HasSubstr("server.unix_socket_mode: \"rw\" is not a file mode"), HasSubstr("server.unix_peers[0]: "),
                  HasSubstr("rate_limit.window: a bare number has no unit"),
                  HasSubstr("telemetry.mode: \"file\" is not one of console, otlp, both"),
                  HasSubstr("telemetry.batch_size: 6000 is above the maximum of 5000"),
                  HasSubstr("telemetry.endpoint: \"otel:4317\" is not an absolute URL"),
                  HasSubstr("api.titel: unknown setting; did you mean \"title\"?"),
                  HasSubstr("OTEL_EXPORTER_OTLP_TIMEOUT: telemetry.timeout: 1 milliseconds is below")));
}

TEST_F(NotBuilt, ProductionHasItsRulesAboutThemToo) {
  auto problems = problems_of(
      load_with_required("[telemetry]\nendpoint = \"http://otel.example.com\"\n"
                         "[security]\ntrusted_gateways = [\"10.0.0.0/8\"]\n",
                         {{"AUTHD_ENV", "production"}, {"KONG_ADMIN_TOKEN", "q8Rt2vXz5Lm9Kp3Wn7Yb4Jc6Hd1Gf0Sa"}}));
  EXPECT_THAT(problems, ElementsAre(HasSubstr("telemetry.endpoint: production refuses plain http")));
}

TEST_F(NotBuilt, DefaultsAreNeitherWarnedAboutNorShown) {
  const Config config = config_of(load_with_required(""));
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_THAT(show(config), Not(HasSubstr("trusted_keys")));
  EXPECT_EQ(shown_at(config, "plugins.trusted_keys"), "(not shown)");
}

TEST_F(NotBuilt, APluginsSettingOfThatNameIsThePlugins) {
  schemas_["own"] = R"({"type":"object","properties":{"memory_limit":{"type":"string","format":"path"},
    "isolation":{"type":"string"},"max_concurrency":{"type":"integer","minimum":2,"default":3}}})";
  const Config config = config_of(
      load_text(std::string(kRequiredJwt) + "[gateway]\nplugin = \"own\"\nmemory_limit = \"/a\"\nisolation = \"x\"\n"));
  EXPECT_THAT(config.warnings, IsEmpty());
  EXPECT_EQ(config.gateway.settings.values.at("/isolation").text.reveal(), "x");
  EXPECT_EQ(config.gateway.settings.values.at("/max_concurrency").integer, 3);
}

} // namespace
} // namespace authd::config
