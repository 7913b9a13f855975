// SPDX-License-Identifier: Apache-2.0
// What SIGTERM begins is for good: no reload undoes it, and the service manager never hears READY=1 again.
#include <algorithm>
#include <csignal>

#include <sys/resource.h>

#include "scene.h"
#include "support/notify_socket.h"

namespace authd::test {
namespace {

constexpr std::chrono::seconds kPatience{30};

int readiness(std::uint16_t port) { return get(port, "/health/ready").status; }

// Drains for a minute, in which everything can be asked.
class Draining : public testing::Test {
 protected:
  void begin() {
    ASSERT_EQ(scene_.tokens().status, 200);
    ASSERT_EQ(readiness(scene_.port()), 200);
    scene_.authd.child().signal(SIGTERM);
    ASSERT_TRUE(scene_.authd.await_event("draining", kPatience));
  }
  void end() {
    scene_.authd.child().signal(SIGTERM);
    EXPECT_EQ(scene_.authd.child().await_exit(kPatience), 1);
  }

  NotifySocket notify_;
  std::string text_;
  Scene scene_{[this](Settings& s) {
                 s.set_text("server", "drain_delay", "1m");
                 text_ = s.toml();
               },
               {},
               {{"NOTIFY_SOCKET", notify_.path()}}};
};

TEST_F(Draining, AcceptsForDrainDelayWhileItIsNotReady) {
  begin();
  EXPECT_EQ(readiness(scene_.port()), 503);
  EXPECT_EQ(scene_.tokens().status, 200) << "on a connection opened after SIGTERM";
  end();
}

TEST_F(Draining, RefusesAReloadAndStaysNotReady) {
  begin();
  ASSERT_TRUE(scene_.authd.reload(text_, "reload-refused"));
  EXPECT_NE(scene_.authd.events("reload-refused")[0].field("message").find("draining"), std::string::npos);
  EXPECT_TRUE(scene_.authd.events("reloaded").empty());
  EXPECT_EQ(readiness(scene_.port()), 503);
  end();
  EXPECT_EQ(notify_.all(), (std::vector<std::string>{"READY=1", "STOPPING=1"}));
}

TEST_F(Draining, RefusesAReloadThatIsUnderWay) {
  TempDir files;
  const std::string go = (files.path() / "go").string();
  Settings slow("");
  slow.set_text("server", "drain_delay", "1m");
  slow.set_text("gateway", "plugin", std::string(AUTHD_TEST_PLUGINS) + "/misbehaves.so");
  slow.set("gateway", "admin_url", "").set_text("gateway", "at", "start").set_text("gateway", "does", "await " + go);
  scene_.authd.begin_reload(slow.toml());
  ASSERT_TRUE(scene_.authd.child().await_line([](const std::string& l) { return l == "misbehaving"; }, kPatience));
  begin();
  files.write("go", "");
  ASSERT_TRUE(scene_.authd.await_event("reload-refused", kPatience));
  EXPECT_EQ(readiness(scene_.port()), 503);
  end();
  EXPECT_EQ(notify_.all(), (std::vector<std::string>{"READY=1", "RELOADING=1", "STOPPING=1"}));
}

TEST(Drain, EndsWithZeroAfterDrainDelay) {
  Scene scene([](Settings& s) { s.set_text("server", "drain_delay", "500ms"); });
  const auto start = std::chrono::steady_clock::now();
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(500));
}

TEST(ServiceManager, HearsReadyAgainAfterAReloadThatWasRefused) {
  NotifySocket notify;
  Scene scene({}, {}, {{"NOTIFY_SOCKET", notify.path()}});
  ASSERT_TRUE(scene.authd.reload("no toml", "reload-refused"));
  ASSERT_TRUE(notify.await_count(3, kPatience)); // the line is written before READY is sent
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0);
  EXPECT_EQ(notify.all(), (std::vector<std::string>{"READY=1", "RELOADING=1", "READY=1", "STOPPING=1"}));
}

TEST(ServiceManager, IsToldWhetherTokensCanBeIssued) {
  NotifySocket notify;
  Scene scene({}, {}, {{"NOTIFY_SOCKET", notify.path()}});
  EXPECT_TRUE(notify.await_status("Issuing tokens", kPatience)) << notify.status();
  scene.kong.set_database_reachable(false);
  const std::string why = "the gateway is down: Kong cannot reach its database";
  EXPECT_TRUE(notify.await_status("Cannot issue tokens: " + why, kPatience)) << notify.status();
  scene.kong.set_database_reachable(true);
  EXPECT_TRUE(notify.await_status("Issuing tokens", kPatience)) << notify.status();
}

TEST(ServiceManager, IsToldTheRate) {
  NotifySocket notify;
  Scene scene({}, {}, {{"NOTIFY_SOCKET", notify.path()}});
  ASSERT_EQ(scene.tokens().status, 200);
  const auto has_rate = [](const std::string& status) {
    return status.starts_with("Issuing tokens; 0.") && status.ends_with(" tokens/s");
  };
  EXPECT_TRUE(notify.await_status(has_rate, kPatience)) << notify.status();
  EXPECT_TRUE(notify.await_status("Issuing tokens", kPatience)) << "ten seconds later: " << notify.status();
}

// With WatchdogSec=400ms it is fed each 200 ms, unless a reactor is stuck: here in a plugin that says it never blocks.
TEST(ServiceManager, WatchdogIsFedWhileEveryReactorTurns) {
  constexpr auto kFed = "WATCHDOG=1";
  NotifySocket notify;
  TempDir files;
  const std::string go = (files.path() / "go").string();
  Scene scene(
      [&](Settings& s) {
        s.set("server", "reactors", "1");
        s.set_text("cache", "plugin", std::string(AUTHD_TEST_PLUGINS) + "/misbehaves.so");
        s.set_text("cache", "at", "get").set_text("cache", "does", "await " + go);
      },
      {}, {{"NOTIFY_SOCKET", notify.path()}, {"WATCHDOG_USEC", "400000"}});
  const auto fed = [&] { return std::ranges::count(notify.all(), kFed); };
  notify.until(kFed, kPatience);
  ASSERT_GT(fed(), 0);
  HttpConnection stuck(scene.port());
  stuck.send(request_text("GET", "/tokens", kAlice));
  ASSERT_TRUE(scene.authd.child().await_line([](const std::string& l) { return l == "misbehaving"; }, kPatience));
  const auto before = fed();
  ASSERT_TRUE(scene.authd.await_event("plugin-overrun", kPatience)) << "it comes after a second at least";
  const auto meanwhile = fed();
  EXPECT_LE(meanwhile - before, 2) << "one or two were under way";
  files.write("go", "");
  ASSERT_TRUE(stuck.read(kPatience));
  ASSERT_TRUE(notify.await_count(static_cast<std::size_t>(meanwhile) + 3, kPatience)) << "READY is one";
  EXPECT_GT(fed(), meanwhile);
}

TEST(ServiceManager, WatchdogOfAnotherProcessIsNotFed) {
  NotifySocket notify;
  Scene scene({}, {}, {{"NOTIFY_SOCKET", notify.path()}, {"WATCHDOG_USEC", "20000"}, {"WATCHDOG_PID", "1"}});
  ASSERT_TRUE(notify.await_status("Issuing tokens", kPatience));
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0);
  EXPECT_EQ(notify.all(), (std::vector<std::string>{"READY=1", "STOPPING=1"}));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // their memory has no such bounds
// No memory is left for a thread's stack, as when a container's limit of tasks is reached.
TEST(ReloadWithoutThreads, IsInEffectAndSaysSo) {
  std::string text;
  Scene scene([&](Settings& s) {
    s.set_text("cache", "ttl", "10m");
    text = s.toml();
  });
  ASSERT_EQ(scene.tokens().status, 200); // the lane has its worker
  ASSERT_EQ(readiness(scene.port()), 200);
  const rlimit limit{scene.authd.address_space_bytes() + (4U << 20), RLIM_INFINITY};
  ASSERT_EQ(::prlimit(scene.authd.child().pid(), RLIMIT_AS, &limit, nullptr), 0);
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(scene.authd.reload(text, "reloaded")) << scene.authd.child().everything();
    EXPECT_EQ(scene.tokens().status, 200);
  }
  EXPECT_TRUE(scene.authd.events("reload-refused").empty());
  scene.authd.child().signal(SIGTERM);
  EXPECT_EQ(scene.authd.child().await_exit(kPatience), 0) << scene.authd.child().everything();
}
#endif

} // namespace
} // namespace authd::test
