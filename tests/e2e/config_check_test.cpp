// SPDX-License-Identifier: Apache-2.0
// `authd config check` and the daemon judge alike, also what only a plugin can judge.
#include <algorithm>
#include <fstream>

#include "scene.h"

namespace authd::test {
namespace {

const std::string kMisbehaves = std::string(AUTHD_TEST_PLUGINS) + "/misbehaves.so";

class ConfigCheck : public testing::Test {
 protected:
  Finished check(const std::string& toml, std::vector<std::string> more = {}, Environment environment = {}) {
    // A crash is the kernel's to report, not a sanitizer's.
    for (const char* options : {"ASAN_OPTIONS", "TSAN_OPTIONS"}) environment.emplace(options, "handle_segv=0");
    file_ = dir_.write("authd.toml", toml);
    std::vector<std::string> arguments{"config", "check", file_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_authd(arguments, environment);
  }

  // What both say of it.
  std::vector<std::string> errors_of(const std::string& toml, const Environment& environment = {}) {
    const Finished checked = check(toml, {}, environment);
    const Finished served = run_authd({"--config", file_}, environment);
    EXPECT_EQ(checked.exit_code, 1);
    EXPECT_EQ(served.exit_code, 78);
    EXPECT_EQ(checked.errors, served.errors);
    return checked.errors;
  }

  // One error, which begins with the place and ends with the rest.
  void expect_error(const std::string& toml, const std::string& place, const std::string& about,
                    const Environment& environment = {}) {
    SCOPED_TRACE(toml);
    const auto errors = errors_of(toml, environment);
    ASSERT_EQ(errors.size(), 1u);
    const bool variable = !place.empty() && place[0] >= 'A' && place[0] <= 'Z';
    EXPECT_TRUE(errors[0].starts_with(variable ? place : file_ + ":" + place)) << errors[0];
    EXPECT_NE(errors[0].find(about), std::string::npos) << errors[0];
    EXPECT_EQ(errors[0].find("author"), std::string::npos)
        << "a wrong setting is no fault of the plugin: " << errors[0];
  }

  static Settings gateway_of(const std::string& plugin) {
    Settings settings("");
    settings.set("gateway", "admin_url", "").set_text("gateway", "plugin", plugin);
    return settings;
  }
  static std::string with_redis(const std::string& lines) {
    return Settings("http://127.0.0.1:1").toml() + "[[cache]]\nplugin = \"cache-redis\"\n" + lines;
  }
  static std::string with_gateway(const std::string& key, const std::string& value) {
    return Settings("http://127.0.0.1:1").set_text("gateway", key, value).toml();
  }

  TempDir dir_;
  std::string file_;
};

TEST_F(ConfigCheck, JudgesUrlsOfRedisAsTheDaemonDoes) {
  expect_error(with_redis("url = \"http://redis:6379\"\n"), "", "cache[1].url: ");
  expect_error(with_redis("url = \"redis://redis:99999\"\n"), "", "cache[1].url: ");
  expect_error(with_redis("url = \"redis://redis/3\"\ndb = 4\n"), "",
               "cache[1].db: differs from the database that url");
  expect_error(with_redis("username = \"u\"\n"), "", "cache[1].password: is required when a user is set");
  expect_error(Settings("http://127.0.0.1:1").toml(), "REDIS_URL: cache[1].url: ", "",
               {{"REDIS_ENABLED", "true"}, {"REDIS_URL", "redis://"}});
}

TEST_F(ConfigCheck, JudgesAFileOfAuthoritiesAsTheDaemonDoes) {
  expect_error(with_redis("url = \"rediss://redis\"\nca_file = \"/no/such/file.pem\"\n"), "", "cache[1].ca_file: ");
}

TEST_F(ConfigCheck, JudgesTheUrlOfKonnectAsTheDaemonDoes) {
  Settings settings = gateway_of("kong-konnect");
  settings.set_text("gateway", "admin_token", "kpat_x");
  settings.set_text("gateway", "admin_url", "https://eu.api.konghq.com/v2/control-planes/a/b");
  expect_error(settings.toml(), "", "gateway.admin_url: ");
}

TEST_F(ConfigCheck, JudgesADeclarativeFileAsTheDaemonDoes) {
  Settings settings = gateway_of("kong-declarative");
  settings.set_text("gateway", "file", "kong.yml");
  expect_error(settings.toml(), "", "kong.yml: cannot be read: No such file or directory");
  const std::string kong = dir_.write("kong.yml", "_format_version: \"3.0\"\nconsumers:\n- username: 1:30\n");
  expect_error(settings.toml(), "", "gateway.file: " + kong + ":3: \"username\" must be a string");
}

TEST_F(ConfigCheck, JudgesUrlHeaderAndTokenOfKongAsTheDaemonDoes) {
  expect_error(with_gateway("admin_url", "http://127.0.0.1:1/?a=b"), "", "gateway.admin_url: ");
  expect_error(with_gateway("admin_token_header", "a b"), "",
               "gateway.admin_token_header: is not the name of a header");
  const std::string token = "gateway.admin_token: must be visible ASCII without blanks [AP-023]";
  expect_error(Settings("http://127.0.0.1:1").set("gateway", "admin_token", R"("abc\rdef")").toml(), "", token);
  expect_error(with_gateway("admin_token", "p\xc3\xa4ss"), "", token);
  expect_error(Settings("http://127.0.0.1:1").toml(), "KONG_ADMIN_TOKEN: ", token, {{"KONG_ADMIN_TOKEN", "a b"}});
}

TEST_F(ConfigCheck, RefusesAnAdminApiWithoutATokenInProductionUnlessThatIsWaived) {
  Settings settings("https://kong.example.com:8444");
  settings.set_text("jwt", "authority", "https://auth.example.com").set("server", "port", "3000");
  settings.set("security", "trusted_gateways", R"(["10.0.0.0/8"])").set_text("server", "environment", "production");
  expect_error(settings.toml(), "",
               "gateway.admin_token: is required in production (or KONG_ADMIN_TOKEN in the environment)");
  settings.set("security", "waivers", R"(["gateway.admin_token"])");
  const Finished waived = check(settings.toml());
  EXPECT_EQ(waived.exit_code, 0);
  ASSERT_EQ(waived.errors.size(), 1u);
  EXPECT_NE(waived.errors[0].find("gateway.admin_token: is required in production"), std::string::npos)
      << waived.errors[0];
}

TEST_F(ConfigCheck, JudgesTagsAsTheDaemonDoes) {
  const auto with_tags = [](const char* tags) {
    return Settings("http://127.0.0.1:1").set("gateway", "tags", tags).toml();
  };
  expect_error(with_tags(R"(["authd", "a,b"])"), "",
               "gateway.tags[1]: contains a comma or a slash, which Kong does not accept");
  expect_error(with_tags(R"(["a\tb"])"), "", "gateway.tags[0]: is not printable UTF-8");
}

TEST_F(ConfigCheck, SaysWhatSeveralPluginsFindWrongAtOnce) {
  const auto errors = errors_of(with_gateway("admin_token_header", "a b") +
                                "[[cache]]\nplugin = \"cache-redis\"\nurl = \"http://redis\"\n");
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_NE(errors[0].find("gateway.admin_token_header: "), std::string::npos) << errors[0];
  EXPECT_NE(errors[1].find("cache[1].url: "), std::string::npos) << errors[1];
}

// Of the host, of the gateway and of a tier, each with its place.
TEST_F(ConfigCheck, SaysAllThatIsWrongAtOnce) {
  Settings settings("http://127.0.0.1:1");
  settings.set_text("gateway", "admin_token_header", "a b").set_text("breaker", "timeout", "1ms");
  const std::string toml = settings.toml() + "[[cache]]\nplugin = \"cache-redis\"\nurl = \"http://redis\"\n";
  const auto errors = errors_of(toml, {{"KONG_ADMIN_TOKEN", "blank in it"}});
  ASSERT_EQ(errors.size(), 4u);
  for (const char* about : {"breaker.timeout: 1ms", "gateway.admin_token_header: is not",
                            "KONG_ADMIN_TOKEN: gateway.admin_", "cache[1].url: "}) {
    EXPECT_TRUE(std::any_of(errors.begin(), errors.end(), [&](const std::string& line) {
      return line.find(about) != std::string::npos;
    })) << about;
  }
}

// The answer that docs/configuration.md shows, to a file of which it shows no more than that.
TEST_F(ConfigCheck, AnswersAsItsPageShows) {
  std::ifstream page(AUTHD_DOCS "/configuration.md");
  std::vector<std::string> shown;
  for (std::string line; std::getline(page, line) && line != "$ authd config check authd.toml";) {
  }
  for (std::string line; std::getline(page, line) && line != "```";) shown.push_back(line);
  ASSERT_FALSE(shown.empty());
  const std::string jwt = "[jwt]\nauthority = \"https://auth.example.com\"\naudience = \"api\"\n";
  const std::string to_line_12 = std::string(9, '\n');
  Finished checked = check(jwt + to_line_12 + "[breaker]\ntimeout = \"50ms\"\ntiemout = \"1s\"\n\n\n\n\n\n[gateway]\n",
                           {}, {{"JWT_EXPIRATION_MINUTES", "61"}});
  for (std::string& line : checked.errors)
    if (line.starts_with(file_)) line.replace(0, file_.size(), "authd.toml");
  EXPECT_EQ(checked.errors, shown);
}

TEST_F(ConfigCheck, RunsNoPluginThatItIsToldNotTo) {
  const Finished checked = check(with_gateway("admin_token_header", "a b"), {"--no-plugins"});
  EXPECT_EQ(checked.exit_code, 0) << checked.errors.front();
  Settings loads = gateway_of(kMisbehaves);
  EXPECT_EQ(check(loads.toml(), {"--no-plugins"}, {{"AUTHD_TEST_WHILE_LOADING", "segv"}}).exit_code, 0);
}

TEST_F(ConfigCheck, OutlivesAPluginThatDoesNot) {
  for (const auto& [does, says] : {std::pair("segv", "crashed in create (SIGSEGV)"),
                                   {"abort", "crashed in create (SIGABRT)"},
                                   {"exit", "ended the process in create (exit code 0)"}}) {
    Settings settings = gateway_of(kMisbehaves);
    settings.set_text("gateway", "at", "create").set_text("gateway", "does", does);
    const Finished checked = check(settings.toml());
    EXPECT_EQ(checked.exit_code, 1);
    ASSERT_EQ(checked.errors.size(), 1u);
    EXPECT_NE(checked.errors[0].find(says), std::string::npos) << checked.errors[0];
    EXPECT_NE(checked.errors[0].find("Report it to the plugin's author. [AP-023]"), std::string::npos)
        << checked.errors[0];
    EXPECT_TRUE(checked.output.empty()) << "what a plugin prints is not the command's answer";
  }
  Settings settings = gateway_of(kMisbehaves);
  settings.set_text("gateway", "at", "destroy").set_text("gateway", "does", "segv");
  EXPECT_NE(check(settings.toml()).errors.at(0).find("crashed in destroy"), std::string::npos);
}

TEST_F(ConfigCheck, WaitsTenSecondsForAPlugin) {
  Settings settings = gateway_of(kMisbehaves);
  settings.set_text("gateway", "at", "create").set_text("gateway", "does", "block");
  const Finished checked = check(settings.toml());
  EXPECT_EQ(checked.exit_code, 1);
  ASSERT_EQ(checked.errors.size(), 1u);
  EXPECT_NE(checked.errors[0].find("did not return from create within ten seconds"), std::string::npos)
      << checked.errors[0];
}

TEST_F(ConfigCheck, WarnsOfACredentialThatOnlySystemdHas) {
  const std::string toml = with_gateway("admin_token", "${credential:kong-token}");
  const Finished checked = check(toml);
  EXPECT_EQ(checked.exit_code, 0) << checked.errors.front();
  ASSERT_EQ(checked.errors.size(), 1u);
  EXPECT_NE(checked.errors[0].find("gateway.admin_token: the credential \"kong-token\" is not checked, because "
                                   "CREDENTIALS_DIRECTORY is not set"),
            std::string::npos)
      << checked.errors[0];
  EXPECT_EQ(run_authd({"--config", file_}).exit_code, 78) << "the daemon needs it";
  // What does not depend on it is judged all the same, and what does is not.
  Settings settings("http://127.0.0.1:1/?a=b");
  settings.set_text("gateway", "admin_token", "${credential:kong-token}");
  EXPECT_EQ(check(settings.toml()).errors.size(), 1u);
  const std::string redis = with_redis("url = \"${credential:redis}\"\n");
  EXPECT_EQ(check(redis).exit_code, 0);
  const Finished missing = check(toml, {}, {{"CREDENTIALS_DIRECTORY", dir_.path().string()}});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.errors.at(0).find("kong-token: No such file"), std::string::npos) << missing.errors[0];
}

} // namespace
} // namespace authd::test
