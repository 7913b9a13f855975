// SPDX-License-Identifier: Apache-2.0
// Configurations that authd refuses: every error at once, each with its place.
#include <unistd.h>

#include "base/version.h"
#include "scene.h"

namespace authd::test {
namespace {

class WrongConfig : public testing::Test {
 protected:
  // What `authd config check` and the daemon say of it; both must say the same.
  std::vector<std::string> errors_of(const std::string& toml, const Environment& environment = {}) {
    file_ = dir_.write("authd.toml", toml);
    const Finished checked = run_authd({"config", "check", file_}, environment);
    const Finished served = run_authd({"--config", file_}, environment);
    EXPECT_EQ(checked.exit_code, 1);
    EXPECT_EQ(served.exit_code, 78);
    EXPECT_EQ(checked.errors, served.errors);
    return checked.errors;
  }

  // One of the lines starts with "<file>:<at>: " and holds `text`.
  void expect_at(const std::vector<std::string>& errors, const std::string& at, const std::string& text) const {
    for (const std::string& line : errors) {
      if (line.starts_with(file_ + ":" + at) && line.find(text) != std::string::npos) return;
    }
    std::string all;
    for (const std::string& line : errors) all += line + "\n";
    ADD_FAILURE() << "no error at " << at << " that says \"" << text << "\" in:\n" << all;
  }

  TempDir dir_;
  std::string file_;
};

TEST_F(WrongConfig, NamesEveryErrorAtOnceWithItsPlace) {
  const auto errors = errors_of(R"([server]
environment = "test"
port = "many"
colour = "blue"
[jwt]
audience = "https://api.example"
[gateway]
plugin = "kong-gateway"
admin_url = "http://127.0.0.1:1"
admin_urll = "http://127.0.0.1:1"
pool_size = 1000
[breaker]
timeout = "50ms"
reset_timeout = 5
)");
  expect_at(errors, "3:", "server.port");
  expect_at(errors, "4:", "colour");
  expect_at(errors, "10:", "admin_url");
  expect_at(errors, "11:", "gateway.pool_size");
  expect_at(errors, "13:11: ", "breaker.timeout: 50ms is below the minimum of 100ms");
  expect_at(errors, "14:", "breaker.reset_timeout");
  bool missing = false;
  for (const std::string& line : errors) missing = missing || line.find("jwt.authority") != std::string::npos;
  EXPECT_TRUE(missing);
  EXPECT_EQ(errors.size(), 7u);
}

TEST_F(WrongConfig, SuggestsTheNearestName) {
  Settings settings("http://127.0.0.1:1");
  settings.set_text("breaker", "timeot", "1s");
  const auto errors = errors_of(settings.toml());
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("timeot"), std::string::npos);
  EXPECT_NE(errors[0].find("timeout"), std::string::npos) << errors[0];
}

TEST_F(WrongConfig, ReportsTheLineOfASyntaxError) {
  const auto errors = errors_of("[server]\nport = \n");
  ASSERT_EQ(errors.size(), 1u);
  expect_at(errors, "2:", "");
}

TEST_F(WrongConfig, NamesTheVariableInsteadOfALine) {
  const auto errors =
      errors_of(Settings("http://127.0.0.1:1").toml(), {{"CIRCUIT_BREAKER_TIMEOUT", "fast"}, {"PORT", "70000"}});
  ASSERT_EQ(errors.size(), 2u);
  std::string both = errors[0] + errors[1];
  EXPECT_NE(both.find("CIRCUIT_BREAKER_TIMEOUT"), std::string::npos) << both;
  EXPECT_NE(both.find("PORT"), std::string::npos) << both;
}

TEST_F(WrongConfig, ReportsASecretFileThatCannotBeRead) {
  Settings settings("http://127.0.0.1:1");
  settings.set_text("gateway", "admin_token", "${file:" + (dir_.path() / "no-such-file").string() + "}");
  const auto errors = errors_of(settings.toml());
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("no-such-file"), std::string::npos) << errors[0];
  EXPECT_NE(errors[0].find("admin_token"), std::string::npos) << errors[0];
}

TEST_F(WrongConfig, ReportsAnUnsetVariableOfAReference) {
  Settings settings("http://127.0.0.1:1");
  settings.set_text("gateway", "admin_token", "${env:NOT_SET_ANYWHERE}");
  const auto errors = errors_of(settings.toml());
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_NE(errors[0].find("NOT_SET_ANYWHERE"), std::string::npos) << errors[0];
}

TEST_F(WrongConfig, ReportsAFileThatIsNotThere) {
  const std::string file = (dir_.path() / "absent.toml").string();
  const Finished finished = run_authd({"--config", file});
  EXPECT_EQ(finished.exit_code, 78);
  ASSERT_EQ(finished.errors.size(), 1u);
  EXPECT_NE(finished.errors[0].find("absent.toml"), std::string::npos) << finished.errors[0];
}

TEST_F(WrongConfig, RefusesPlainHttpInProductionUnlessWaived) {
  Settings settings("http://kong.example:8001");
  settings.set_text("server", "environment", "production").set("server", "port", "3000");
  settings.set("security", "trusted_gateways", R"(["10.0.0.0/8"])");
  const auto errors = errors_of(settings.toml());
  bool named = false;
  for (const std::string& line : errors) named = named || line.find("gateway.admin_url") != std::string::npos;
  EXPECT_TRUE(named);
}

TEST(RightConfig, IsFoundRight) {
  const TempDir dir;
  const std::string file = dir.write("authd.toml", Settings("http://127.0.0.1:1").toml());
  const Finished finished = run_authd({"config", "check", file});
  EXPECT_EQ(finished.exit_code, 0) << (finished.errors.empty() ? "" : finished.errors[0]);
}

TEST(RightConfig, MayComeFromTheEnvironmentAlone) {
  const FakeKong kong;
  const Finished finished = run_authd({"config", "check"}, {{"AUTHD_ENV", "test"},
                                                            {"KONG_ADMIN_URL", kong.url()},
                                                            {"KONG_JWT_AUTHORITY", "https://auth.example"},
                                                            {"KONG_JWT_AUDIENCE", "https://a.example"}});
  EXPECT_EQ(finished.exit_code, 0) << (finished.errors.empty() ? "" : finished.errors[0]);
}

TEST(Commands, SayVersionAndHelp) {
  const Finished version = run_authd({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  ASSERT_FALSE(version.output.empty());
  EXPECT_EQ(version.output[0].find("authd " + std::string(kVersion) + " ("), 0u) << "and how it was built";
  EXPECT_EQ(version.output[0].back(), ')');
  EXPECT_EQ(run_authd({"--help"}).exit_code, 0);
  EXPECT_NE(run_authd({"--no-such-option"}).exit_code, 0);
}

} // namespace
} // namespace authd::test
