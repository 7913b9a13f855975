// SPDX-License-Identifier: Apache-2.0
// Clients over a Unix socket (server.unix_socket), and who may use it and that of the admin listener.
#include <algorithm>
#include <csignal>
#include <filesystem>

#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scene.h"

namespace authd::test {
namespace {

using testing::HasSubstr;
constexpr std::chrono::seconds kPatience{20};

class UnixSocket : public testing::Test {
 protected:
  Scene::Change listening(const Scene::Change& more = {}) {
    return [=, this](Settings& s) {
      s.set_text("server", "unix_socket", path_).set("server", "reactors", "2");
      if (more) more(s);
    };
  }
  HttpReply ask(const std::string& target = "/tokens") const {
    HttpConnection connection(path_);
    connection.send(request_text("GET", target, kAlice));
    return connection.read(kPatience).value_or(HttpReply());
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }

  TempDir folder_;
  std::string path_ = (folder_.path() / "authd.sock").string();
};

TEST_F(UnixSocket, IsServedBesideHostAndPortAndIsATrustedGateway) {
  Scene scene(listening([](Settings& s) { s.set("security", "trusted_gateways", "[\"192.0.2.1\"]"); }));
  EXPECT_EQ(scene.tokens().status, 403) << "the address of this test is none of a gateway";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask().status, 200);
  EXPECT_EQ(ask("/debug/metrics/stats").status, 200);
}

TEST_F(UnixSocket, HasItsModeAndIsRemovedAtTheEnd) {
  {
    Scene scene(listening());
    EXPECT_EQ(mode_of(path_), 0660U);
    scene.authd.child().signal(SIGTERM);
    ASSERT_TRUE(scene.authd.child().await_exit(kPatience));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  Scene scene(listening([](Settings& s) { s.set_text("server", "unix_socket_mode", "0606"); }));
  EXPECT_EQ(mode_of(path_), 0606U);
}

// By number, as a group without a name has it. Another than that of the process, if this user is in one.
gid_t another_group() {
  if (::geteuid() == 0) return ::getgrnam("nogroup")->gr_gid;
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  groups.resize(static_cast<std::size_t>(std::max(0, ::getgroups(static_cast<int>(groups.size()), groups.data()))));
  for (const gid_t group : groups)
    if (group != ::getegid()) return group;
  return ::getegid();
}

TEST_F(UnixSocket, IsGivenToItsGroup) {
  const gid_t group = another_group();
  Scene scene(listening([&](Settings& s) { s.set_text("server", "unix_socket_group", std::to_string(group)); }));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_gid, group);
}

TEST_F(UnixSocket, OfAGroupThatThereIsNotIsAnError) {
  Settings settings("http://127.0.0.1:1");
  listening([](Settings& s) { s.set_text("server", "unix_socket_group", "no-such-group"); })(settings);
  const Finished refused = run_authd({"--config", folder_.write("authd.toml", settings.toml())});
  EXPECT_EQ(refused.exit_code, 1);
  ASSERT_FALSE(refused.output.empty() && refused.errors.empty());
  std::string all;
  for (const auto* lines : {&refused.output, &refused.errors})
    for (const std::string& line : *lines) all += line;
  EXPECT_THAT(all, HasSubstr("there is no group \"no-such-group\"; create it, or name another"));
}

TEST_F(UnixSocket, WithAPathThatIsTooLongIsAnError) {
  Settings settings("http://127.0.0.1:1");
  settings.set_text("server", "unix_socket", "/tmp/" + std::string(120, 'x'));
  const Finished refused = run_authd({"--config", folder_.write("authd.toml", settings.toml())});
  EXPECT_EQ(refused.exit_code, 1);
  std::string all;
  for (const std::string& line : refused.errors) all += line;
  EXPECT_THAT(all, HasSubstr("the path of a Unix socket has at most 107 bytes, this one 125; choose a shorter one"));
}

TEST_F(UnixSocket, AnswersOnlyTheUsersThatAreListed) {
  const std::string self = std::to_string(::geteuid());
  const std::string other = std::to_string(::geteuid() + 1);
  {
    Scene scene(listening([&](Settings& s) { s.set("server", "unix_peers", "[" + other + ", " + self + "]"); }));
    EXPECT_EQ(ask().status, 200);
  }
  Scene scene(listening([&](Settings& s) { s.set("server", "unix_peers", "[" + other + "]"); }));
  const HttpReply refused = ask("/health/live");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("server.unix_peers"));
  EXPECT_EQ(scene.tokens().status, 200) << "over host and port they do not matter";
  // A reload takes others.
  Settings settings(scene.kong.url());
  listening([&](Settings& s) { s.set("server", "unix_peers", "[" + self + "]"); })(settings);
  ASSERT_TRUE(scene.authd.reload(settings.toml(), "reloaded"));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (ask().status != 200 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(ask().status, 200);
}

TEST_F(UnixSocket, ReplacesAStaleOneButNotAnothers) {
  {
    Scene scene(listening());
    scene.authd.child().signal(SIGKILL);
    ASSERT_TRUE(scene.authd.child().await_exit(kPatience));
  }
  ASSERT_TRUE(std::filesystem::exists(path_));
  Scene scene(listening());
  EXPECT_EQ(ask().status, 200);
  Settings settings("http://127.0.0.1:1");
  listening()(settings);
  EXPECT_EQ(run_authd({"--config", folder_.write("authd.toml", settings.toml())}).exit_code, 1);
  EXPECT_EQ(ask().status, 200) << "the first one still has it";
}

TEST_F(UnixSocket, DrainsWhatIsUnderWay) {
  Scene scene(listening());
  scene.kong.set_fault({KongFault::Kind::none, std::chrono::milliseconds(300)});
  HttpConnection connection(path_);
  connection.send(request_text("GET", "/tokens", kAlice));
  const auto asked = [&] { return scene.kong.traffic()[KongOperation::list] > 0; };
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!asked() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  scene.authd.child().signal(SIGTERM);
  const auto reply = connection.read(kPatience);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
}

TEST_F(UnixSocket, OfTheAdminListenerHasGroupAndMode) {
  const std::string path = (folder_.path() / "admin.sock").string();
  const auto with_mode = [&](const std::string& mode) {
    return [=](Settings& s) {
      s.set_text("admin", "listen", "unix:" + path);
      if (!mode.empty()) s.set_text("admin", "mode", mode);
      if (::geteuid() == 0) s.set_text("admin", "group", "nogroup");
    };
  };
  {
    Scene scene(with_mode(""));
    EXPECT_EQ(mode_of(path), 0600U);
  }
  Scene scene(with_mode("0660"));
  EXPECT_EQ(mode_of(path), 0660U);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  if (::geteuid() == 0) {
    EXPECT_EQ(status.st_gid, ::getgrnam("nogroup")->gr_gid);
  }
}

} // namespace
} // namespace authd::test
