// SPDX-License-Identifier: Apache-2.0
// `authd probe`: what a gateway lets authd do, found out without a change there.
#include <gmock/gmock.h>

#include "scene.h"

namespace authd::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

class Probe : public testing::Test {
 protected:
  Finished run(const std::function<void(Settings&)>& change = {}) {
    Settings settings(kong_.url());
    if (change) change(settings);
    return run_authd({"probe", files_.write("authd.toml", settings.toml())});
  }

  TempDir files_;
  FakeKong kong_;
};

TEST_F(Probe, OfAGoodKongChangesNothingThere) {
  kong_.add_consumer("alice", kAliceId);
  const Finished done = run();
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.output, ElementsAre(MatchesRegex("ok       http://127.0.0.1:[0-9]+ answers, in [0-9]+ ms"),
                                       StartsWith("ok       accepts authd, which may read credentials; took "),
                                       StartsWith("ok       may create credentials"),
                                       StartsWith("warning  the jwt plugins' settings cannot be read: status 404")));
  EXPECT_EQ(kong_.traffic()[KongOperation::create], 1U);
  EXPECT_TRUE(kong_.credentials(kAliceId).empty());
}

TEST_F(Probe, ComparesTheJwtPluginsWithTheTokens) {
  FakeKong kong({.record_requests = true});
  kong.set_plugins(R"({"name":"jwt","enabled":true,"route":{"id":"r1"},"service":null,"consumer":null,)"
                   R"("config":{"key_claim_name":"iss","claims_to_verify":["exp"]}})");
  const std::string by_path = AUTHD_BUILT_PLUGINS "/kong-gateway.so";
  const Finished done = run([&](Settings& s) {
    s.set_text("gateway", "admin_url", kong.url()).set_text("gateway", "admin_token", "Bearer s3cret");
    s.set_text("gateway", "admin_token_header", "X-Admin").set_text("gateway", "plugin", by_path);
  });
  EXPECT_EQ(done.exit_code, 0) << "a warning";
  EXPECT_THAT(done.output, Contains("warning  jwt plugin of route r1: key_claim_name is \"iss\", jwt.key_claim_name is "
                                    "\"key\"; it refuses authd's tokens"));
  EXPECT_EQ(kong.traffic().requests.back().target, "/plugins?size=1000");
  EXPECT_EQ(kong.traffic().requests.back().header("X-Admin"), "s3cret");
}

TEST_F(Probe, OfADeadKongSaysSo) {
  const Finished done = run([](Settings& s) { s.set_text("gateway", "admin_url", "http://127.0.0.1:1"); });
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.output, ElementsAre(MatchesRegex("error    http://127.0.0.1:1: .*[Cc]onnection refused.*")));
}

TEST_F(Probe, OfAKongThatRefusesTheTokenNamesTheSetting) {
  kong_.set_fault({.kind = KongFault::Kind::unauthorized_401});
  const Finished done = run();
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.output, Contains(HasSubstr("check gateway.admin_token and admin_token_header")));
}

TEST_F(Probe, OfARoleThatMayOnlyReadNamesBothMends) {
  kong_.set_fault(KongOperation::create, {.kind = KongFault::Kind::refuse, .status = 403});
  const Finished done = run();
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_THAT(done.output,
              Contains(MatchesRegex("error    cannot create credentials: .*; give authd's role the right to, or set "
                                    "gateway.auto_provision = false")));
  EXPECT_EQ(run([](Settings& s) { s.set("gateway", "auto_provision", "false"); }).exit_code, 0);
}

TEST_F(Probe, OfASlowKongComparesWithTheTimeout) {
  kong_.set_fault(KongOperation::list, {.kind = KongFault::Kind::none, .delay = milliseconds(700)});
  const Finished done = run();
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_THAT(done.output, Contains("warning  that is longer than breaker.timeout (500 ms): requests would not wait "
                                    "for it"));
}

// An operator's shell has not the credentials that systemd gave to the unit.
TEST(OperatorsCommands, NeedNoCredentials) {
  TempDir files;
  files.write("kong-token", "s3cret");
  FakeKong kong;
  Settings settings(kong.url());
  const std::string socket = (files.path() / "admin.sock").string();
  settings.set_text("gateway", "admin_token", "${credential:kong-token}").set_text("admin", "listen", "unix:" + socket);
  AuthdProcess authd(settings, {{"CREDENTIALS_DIRECTORY", files.path().string()}});
  const std::string port = std::to_string(authd.await_ready());
  const auto run = [&](std::vector<std::string> command, Environment environment) {
    command.insert(command.begin(), {"--config", authd.config_file()});
    environment.insert({"PORT", port});
    return run_authd(command, environment);
  };
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"status", "--once"}, {"reload"}, {"plugins"}, {"cache", "stats"}, {"health"}, {"config", "show"}}) {
    const Finished done = run(command, {});
    EXPECT_EQ(done.exit_code, 0) << command.front() << ": " << (done.errors.empty() ? "" : done.errors.front());
  }
  // It asks Kong itself.
  const Finished probed = run({"probe", authd.config_file()}, {});
  EXPECT_EQ(probed.exit_code, 1);
  EXPECT_THAT(probed.errors, Contains(HasSubstr("set it to the folder that has the file")));
  EXPECT_EQ(run({"probe", authd.config_file()}, {{"CREDENTIALS_DIRECTORY", files.path().string()}}).exit_code, 0);
}

TEST(Health, AsksTheRunningAuthd) {
  Scene scene;
  TempDir files;
  const auto ask = [&](const std::vector<std::string>& more, const std::string& port) {
    std::vector<std::string> arguments{"--config", scene.authd.config_file(), "health"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_authd(arguments, {{"PORT", port}});
  };
  const std::string port = std::to_string(scene.port());
  const Finished ready = ask({}, port);
  EXPECT_EQ(ready.exit_code, 0);
  EXPECT_THAT(ready.output, ElementsAre(HasSubstr("\"ready\":true")));

  scene.kong.set_database_reachable(false);
  Finished down = ask({}, port);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(20); // a probe's answer is kept a second
  while (down.exit_code == 0 && std::chrono::steady_clock::now() < deadline) down = ask({}, port);
  EXPECT_EQ(down.exit_code, 1);
  EXPECT_THAT(down.errors, ElementsAre(HasSubstr("\"ready\":false")));
  EXPECT_EQ(ask({"--live"}, port).exit_code, 0);

  const Finished nobody = ask({}, "1");
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_THAT(nobody.errors, ElementsAre(MatchesRegex("no answer from 127.0.0.1:1: .*refused.*")));
}

} // namespace
} // namespace authd::test
