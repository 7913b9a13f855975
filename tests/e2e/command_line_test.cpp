// SPDX-License-Identifier: Apache-2.0
// What an author types while writing a plugin: `authd plugin inspect` and `authd config env`.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "scene.h"

namespace authd::test {
namespace {

namespace fs = std::filesystem;

const std::string kAcme = std::string(AUTHD_TEST_PLUGINS) + "/acme.so";

bool says(const std::vector<std::string>& lines, std::string_view text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

TEST(PluginInspect, TakesAPathFromWhereOneStands) {
  const Finished report = run_authd({"plugin", "inspect", "./" + fs::relative(kAcme).string()});
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_TRUE(says(report.output, "com.acme.gateway"));
  EXPECT_TRUE(says(report.output, kAcme)) << "the report names the file whole";
}

TEST(PluginInspect, TakesABareNameForAnInstalledPlugin) {
  EXPECT_TRUE(says(run_authd({"plugin", "inspect", "kong-gateway"}).output, "authd.gateway/1 kong-gateway"));
}

TEST(Start, SaysWhereItListensAsAUrl) {
  const FakeKong kong;
  Settings settings(kong.url());
  settings.set_text("server", "host", "::");
  AuthdProcess authd(settings);
  authd.await_ready();
  ASSERT_EQ(authd.events("ready").size(), 1u);
  EXPECT_EQ(authd.events("ready").front().field("message"), "ready on http://[::]:" + std::to_string(authd.port()));
}

TEST(Usage, OfAnUnknownKindIsExit64) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--no-such-option"},
                                                    {"no-such-command"},
                                                    {"config"},
                                                    {"config", "check", "a", "b"},
                                                    {"plugin", "inspect"},
                                                    {"cache", "invalidate"},
                                                    {"cache", "invalidate", "--all", "id"},
                                                    {"--config"}}) {
    const Finished finished = run_authd(arguments);
    EXPECT_EQ(finished.exit_code, 64) << arguments.front();
    EXPECT_FALSE(finished.errors.empty());
  }
  EXPECT_EQ(run_authd({"--help"}).exit_code, 0);
  EXPECT_EQ(run_authd({"cache", "--help"}).exit_code, 0);
}

// An authd with an admin listener, for commands that talk to it.
class RunningCommands : public testing::Test {
 protected:
  RunningCommands() { authd_.await_ready(); }
  Settings settings() const {
    Settings all(kong_.url());
    return all.set_text("admin", "listen", "unix:" + (dir_.path() / "admin.sock").string());
  }
  Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--config", authd_.config_file()});
    return run_authd(arguments);
  }

  const FakeKong kong_;
  const TempDir dir_;
  AuthdProcess authd_{settings()};
};

TEST_F(RunningCommands, ReloadWaitsForTheOutcome) {
  const Finished good = run({"reload"});
  EXPECT_EQ(good.exit_code, 0);
  EXPECT_TRUE(says(good.output, "reloaded"));
  EXPECT_TRUE(good.errors.empty());
  EXPECT_TRUE(authd_.await_event("reloaded", std::chrono::seconds(20)));
  std::ofstream(authd_.config_file()) << settings().set_text("breaker", "timeout", "never").toml();
  const Finished bad = run({"reload", "--socket", (dir_.path() / "admin.sock").string()});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_TRUE(says(bad.errors, "breaker.timeout"));
  EXPECT_TRUE(says(bad.errors, "not reloaded"));
  EXPECT_EQ(get(authd_.port(), "/health/live").status, 200);
}

TEST_F(RunningCommands, ReloadSaysThatThereIsNoAuthd) {
  const Finished none = run({"reload", "--socket", (dir_.path() / "other.sock").string()});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_TRUE(says(none.errors, "is it running"));
}

TEST_F(RunningCommands, PluginsListsWhatIsInUse) {
  const Finished table = run({"plugins"});
  EXPECT_EQ(table.exit_code, 0);
  ASSERT_EQ(table.output.size(), 3u);
  EXPECT_EQ(table.output[0].substr(0, 4), "NAME");
  EXPECT_TRUE(says(table.output, "authd.gateway/1"));
  EXPECT_TRUE(says(table.output, "cache-memory.so"));
  const Finished json = run({"plugins", "--json"});
  EXPECT_TRUE(says(json.output, "{\"plugins\":["));
}

// Who operates it need not be able to read its secrets.
TEST(CacheCommands, NeedTheSocketAlone) {
  const FakeKong kong;
  const TempDir dir;
  const std::string socket = (dir.path() / "admin.sock").string();
  Settings settings(kong.url());
  settings.set_text("admin", "listen", "unix:" + socket);
  AuthdProcess authd(settings);
  authd.await_ready();
  for (const std::string& given : {socket, "unix:" + socket}) {
    const Finished stats = run_authd({"cache", "stats", "--socket", given});
    EXPECT_EQ(stats.exit_code, 0) << (stats.errors.empty() ? "" : stats.errors[0]);
    EXPECT_TRUE(says(stats.output, "cache-memory"));
  }
  EXPECT_EQ(run_authd({"cache", "invalidate", "--socket", socket, "--all"}).exit_code, 0);
  EXPECT_EQ(run_authd({"cache", "invalidate", "--all", "--socket", socket + "x"}).exit_code, 1);
}

TEST(CacheCommands, SayWhatIsWrongWithASocketThatCanBeNone) {
  for (const std::string& given :
       {std::string("nonsense"), std::string("localhost:99999"), std::string("unix:admin.sock")}) {
    const Finished stats = run_authd({"cache", "stats", "--socket", given});
    EXPECT_EQ(stats.exit_code, 64) << given;
    EXPECT_TRUE(says(stats.errors, "--socket: \"" + given + "\"")) << given;
    EXPECT_FALSE(says(stats.errors, "is it running")) << given;
  }
}

TEST(PluginInspect, WantsAFile) { EXPECT_NE(run_authd({"plugin", "inspect"}).exit_code, 0); }

class ConfigEnv : public testing::Test {
 protected:
  std::string file_naming(const std::string& plugin) {
    return dir_.write("authd.toml",
                      "[gateway]\nplugin = \"" + plugin + "\"\n"); // and nothing that is required
  }
  TempDir dir_;
};

TEST_F(ConfigEnv, ListsTheVariablesOfAPluginThatTheFileNames) {
  const std::string file = file_naming(kAcme);
  for (const auto& arguments : {std::vector<std::string>{"config", "env", file}, {"--config", file, "config", "env"}}) {
    const Finished table = run_authd(arguments);
    EXPECT_EQ(table.exit_code, 0);
    EXPECT_TRUE(says(table.output, "ACME_URL"));
    EXPECT_TRUE(says(table.output, "gateway.token"));
    EXPECT_TRUE(says(table.output, "KONG_ADMIN_URL")) << "ours are there, too";
  }
  EXPECT_FALSE(says(run_authd({"config", "env"}).output, "ACME_URL"));
}

TEST_F(ConfigEnv, SaysWhenItCannotKnowThem) {
  const Finished absent = run_authd({"config", "env", file_naming("/nowhere/acme.so")});
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_TRUE(says(absent.errors, "[AP-002]"));
  EXPECT_TRUE(says(run_authd({"config", "env", dir_.write("broken.toml", "[gateway\n")}).errors, "broken.toml:1"));
}

} // namespace
} // namespace authd::test
