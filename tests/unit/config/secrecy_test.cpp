// SPDX-License-Identifier: Apache-2.0
// A planted secret appears in nothing that is printed, however wrong the configuration is.
#include <gmock/gmock.h>

#include "config/describe/describing.h"
#include "fixture.h"

namespace authd::config {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "Pl4nt3dS3cr3t";

class Secrecy : public ConfigTest {
 protected:
  void expect_silent(const Loaded& loaded) {
    if (loaded) {
      EXPECT_THAT(show(*loaded), Not(HasSubstr(kSecret)));
      for (const std::string& warning : loaded->warnings) EXPECT_THAT(warning, Not(HasSubstr(kSecret)));
      return;
    }
    for (const Problem& problem : loaded.error()) EXPECT_THAT(problem.line, Not(HasSubstr(kSecret)));
  }
  std::string planted(const std::string& text) const {
    std::string out = text;
    for (std::size_t at; (at = out.find("@@")) != std::string::npos;) out.replace(at, 2, kSecret);
    return out;
  }
};

TEST_F(Secrecy, HoldsForATokenInTheFile) {
  for (const char* line :
       {"admin_token = \"@@\"", "admin_token = [\"@@\"]", "admin_token = { a = \"@@\" }",
        "admin_token = \"@@\"\nadmin_token = \"@@\"", "admin_token = @@", "admin_token = '@@", "admin_token = \"@@",
        "admin_token \"@@\"", "admin_token = \"@@\" x", "= \"@@\"", "admin_token = \"\\q@@\"", "admin_token = @@@@\n",
        "admin_token = \"x\" \"@@\"", "admin_token = '''@@", "admin_token = 1@@", "admin_token = \"${vault:@@}\"x"}) {
    SCOPED_TRACE(line);
    std::string text = planted(std::string(kRequiredJwt) + kRequiredGateway + line + "\n");
    expect_silent(load_text(text));
    expect_silent(load_text(text, {{"AUTHD_ENV", "production"}}));
  }
}

TEST_F(Secrecy, HoldsForATokenInAVariable) {
  EnvironmentVariables variables = required_variables();
  variables["KONG_ADMIN_TOKEN"] = kSecret;
  expect_silent(load_environment(variables));
  variables["AUTHD_ENV"] = "production";
  auto refused = load_environment(variables);
  EXPECT_FALSE(refused);
  expect_silent(refused);
}

TEST_F(Secrecy, HoldsForWhatCameThroughAReference) {
  for (const char* line :
       {"[telemetry]\nlog_level = \"${env:S}\"", "[server]\nhost = \"${env:S}\"",
        "[telemetry]\nservice_name = \"${env:S}\"", "[jwt.x]\ny = \"${env:S}\"", "[api]\ncors = \"${env:S},${env:S}\"",
        "[api]\ncors = \"${env:S}\"", "[security]\ntrusted_gateways = [\"${env:S}\"]",
        "[breaker]\ntimeout = \"${env:S}\"", "[security]\nwaivers = [\"${env:S}\"]",
        "[[cache]]\nname = \"${env:S}\"\n[[cache]]\nname = \"${env:S}\""}) {
    SCOPED_TRACE(line);
    expect_silent(load_with_required(std::string(line) + "\n", {{"S", kSecret}}));
  }
}

TEST_F(Secrecy, HoldsForDerivedValues) {
  Config config =
      config_of(load_text("[jwt]\nauthority = \"${env:S}\"\naudience = \"a\"\n" + std::string(kRequiredGateway),
                          {{"S", std::string("https://") + kSecret}}));
  EXPECT_EQ(config.jwt.issuer, std::string("https://") + kSecret);
  expect_silent(Loaded(config));
}

TEST_F(Secrecy, HoldsForThePasswordInAUrl) {
  for (const char* url : {"https://user:@@@kong.example.com/", "https://@@@kong.example.com", "ftp://u:@@@kong",
                          "http://u:@@@localhost", "https://u:@@@ kong"}) {
    SCOPED_TRACE(url);
    std::string text = std::string(kRequiredJwt) + "[gateway]\nadmin_url = \"" + planted(url) + "\"\n";
    expect_silent(load_text(text));
    expect_silent(load_text(text, {{"AUTHD_ENV", "production"}}));
  }
}

TEST_F(Secrecy, HoldsForSecretLists) {
  schemas_["keys"] = R"({"type":"object","properties":{"keys":{"type":"array","x-authd-secret":true,
    "items":{"type":"string","enum":["x"],"maxLength":3}}}})";
  std::string text = std::string(kRequiredJwt) + kRequiredGateway + "[[cache]]\nplugin = \"keys\"\nkeys = [\"@@\"]\n";
  auto loaded = load_text(planted(text));
  EXPECT_FALSE(loaded);
  expect_silent(loaded);
}

TEST_F(Secrecy, IsWiderThanTheTokenItself) {
  Config config = config_of(load_with_required("", {{"KONG_ADMIN_TOKEN", kSecret}}));
  EXPECT_EQ(shown_at(config, "gateway.admin_token"), "\"[redacted]\"");
  EXPECT_TRUE(config.gateway.settings.values.at("/admin_token").secret);
}

} // namespace
} // namespace authd::config
