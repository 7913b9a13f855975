// SPDX-License-Identifier: Apache-2.0
// Secrets planted wherever authd gets any from: none may come out anywhere.
#include <csignal>

#include "scene.h"

namespace authd::test {
namespace {

constexpr std::string_view kPlantedInKong = "planted-in-kong-0f7c1d9ab3e84d6f";
constexpr std::string_view kPlantedInConfig = "planted-in-config-5b2e9c4d7a1f8036";
constexpr std::string_view kPlantedInEnvironment = "planted-in-environment-94d1e7b0c3a25f68";

void expect_clean(const std::string& what, const std::string& text) {
  EXPECT_EQ(text.find("planted-in-"), std::string::npos) << what << ": " << text;
}

std::string all_of(const HttpReply& reply) {
  std::string out = reply.body;
  for (const auto& [name, value] : reply.headers) out += "\n" + name + ": " + value;
  return out;
}

void use_everything(Scene& scene) {
  const std::string id = scene.kong.add_consumer("bob");
  scene.kong.add_credential(id, {"bob-key", std::string(kPlantedInKong)});
  const Headers bob = consumer_headers(id, "bob");
  using Kind = KongFault::Kind;
  for (const Kind kind : {Kind::none, Kind::error_500, Kind::unauthorized_401, Kind::garbage, Kind::truncate,
                          Kind::reset, Kind::html_502, Kind::none}) {
    scene.kong.set_fault({kind});
    const HttpReply issued = scene.tokens(bob);
    expect_clean("/tokens", all_of(issued));
    expect_clean("/tokens/validate", all_of(scene.validate("a.b.c", bob)));
    expect_clean("cold", all_of(scene.tokens(consumer_headers("cold-" + std::to_string(static_cast<int>(kind)), "c"))));
    for (const char* path : {"/health", "/health/ready", "/health/live", "/nowhere", "/metrics"}) {
      expect_clean(path, all_of(get(scene.port(), path)));
    }
  }
}

TEST(Secrets, AppearInNoOutput) {
  FakeKong::Options recording;
  recording.record_requests = true;
  const TempDir dir;
  const std::string socket = (dir.path() / "admin.sock").string();
  Scene scene(
      [&](Settings& s) {
        s.set_text("gateway", "admin_token", kPlantedInConfig).set_text("admin", "listen", "unix:" + socket);
        s.set_text("telemetry", "log_level", "debug").set_text("telemetry", "access_log", "all");
      },
      recording);
  use_everything(scene);
  ASSERT_FALSE(scene.kong.traffic().requests.empty());
  EXPECT_EQ(scene.kong.traffic().requests[0].header("Kong-Admin-Token"), kPlantedInConfig);
  const Finished status = run_authd({"status", "--json", "--socket", socket});
  ASSERT_EQ(status.output.size(), 1U);
  EXPECT_NE(status.output[0].find("AUTH_004"), std::string::npos) << "it has Kong's words";
  expect_clean("/admin/status", status.output[0]);
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(std::chrono::seconds(30)), 0);
  expect_clean("stdout and stderr", scene.authd.child().everything());
}

TEST(Secrets, FromTheEnvironmentAppearInNoOutput) {
  FakeKong::Options recording;
  recording.record_requests = true;
  Scene scene(
      [](Settings& s) {
        s.set_text("gateway", "admin_token", "${env:MY_TOKEN}");
        s.set_text("telemetry", "log_level", "debug").set_text("telemetry", "access_log", "all");
      },
      recording, {{"MY_TOKEN", std::string(kPlantedInEnvironment)}});
  use_everything(scene);
  EXPECT_EQ(scene.kong.traffic().requests.at(0).header("Kong-Admin-Token"), kPlantedInEnvironment);
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(std::chrono::seconds(30)), 0);
  expect_clean("stdout and stderr", scene.authd.child().everything());
}

TEST(Secrets, AppearInNoRefusalOfAConfiguration) {
  Settings settings("not a url");
  settings.set_text("gateway", "admin_token", kPlantedInConfig).set_text("breaker", "timeout", "1ms");
  const TempDir dir;
  const std::string file = dir.write("authd.toml", settings.toml());
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"config", "check", file}, {"--config", file}, {"config", "show", file}}) {
    const Finished finished = run_authd(arguments, {{"KONG_ADMIN_TOKEN", std::string(kPlantedInEnvironment)}});
    for (const std::string& line : finished.output) expect_clean(arguments[0], line);
    for (const std::string& line : finished.errors) expect_clean(arguments[0], line);
  }
}

} // namespace
} // namespace authd::test
