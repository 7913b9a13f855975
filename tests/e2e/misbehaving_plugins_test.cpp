// SPDX-License-Identifier: Apache-2.0
// Plugins that block for ever, crash or call exit(): the process ends when it is told to, and says who it
// was.
#include <csignal>
#include <memory>
#include <ostream>

#include "scene.h"

namespace authd::test {
namespace {

using std::chrono::seconds;

constexpr seconds kPatience{30};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true; // what a crash ends with is then the sanitizer's
#else
constexpr bool kSanitized = false;
#endif

std::string plugin_file() { return std::string(AUTHD_TEST_PLUGINS) + "/misbehaves.so"; }

// The gateway that does `does` at `at`; "never" is a good one.
Settings with_gateway(const std::string& at, const std::string& does) {
  Settings settings("");
  settings.set("gateway", "admin_url", "").set_text("gateway", "plugin", plugin_file());
  settings.set_text("gateway", "at", at).set_text("gateway", "does", does);
  return settings.set_text("server", "drain_timeout", "100ms");
}

// The same as a tier under a good gateway.
Settings with_tier(const std::string& at, const std::string& does) {
  Settings settings = with_gateway("never", "nothing");
  settings.drop("cache").set_text("cache", "plugin", plugin_file()).set_text("cache", "ttl", "1m");
  return settings.set_text("cache", "at", at).set_text("cache", "does", does);
}

// Every line but the plugin's own is one of the log's.
void expect_whole_lines(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    EXPECT_TRUE(line == "misbehaving" || parse_log_line(line).json != nullptr) << line;
  }
}

class Misbehaving {
 public:
  explicit Misbehaving(const Settings& settings, const Environment& environment = {}) : authd(settings, environment) {}

  // A request whose answer nobody waits for.
  void ask(const char* target = "/tokens") {
    authd.await_ready();
    client_ = std::make_unique<HttpConnection>(authd.port());
    client_->send(request_text("GET", target, kAlice));
  }
  bool await_misbehaviour() {
    return authd.child()
        .await_line([](const std::string& line) { return line == "misbehaving"; }, kPatience)
        .has_value();
  }
  int await_exit() { return authd.child().await_exit(kPatience).value_or(-1); }
  // The one line of this event; its fields are empty if there is none.
  LogLine only(const char* event) {
    const std::vector<LogLine> lines = authd.events(event);
    EXPECT_EQ(lines.size(), 1u) << event << " in\n" << authd.child().everything();
    return lines.empty() ? LogLine{} : lines.front();
  }
  void expect_names(const char* event, const std::string& operation, const std::string& instance = "misbehaves") {
    const LogLine line = only(event);
    EXPECT_EQ(line.field("authd.plugin.id"), "org.example.misbehaves") << line.text;
    EXPECT_EQ(line.field("authd.plugin.instance"), instance) << line.text;
    EXPECT_EQ(line.field("authd.plugin.operation"), operation) << line.text;
    EXPECT_NE(line.field("message").find(operation + " of " + instance), std::string::npos) << line.text;
    expect_whole_lines(authd.child().output());
  }

  AuthdProcess authd;

 private:
  std::unique_ptr<HttpConnection> client_;
};

// ---- SIGTERM before authd is ready

class HangingStart : public testing::TestWithParam<const char*> {};

TEST_P(HangingStart, EndsAtOnceOnSigtermAndSaysWhoHeldIt) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Misbehaving one(with_gateway(GetParam(), "block"));
    ASSERT_TRUE(one.await_misbehaviour()) << one.authd.child().everything();
    one.authd.child().signal(signal);
    EXPECT_EQ(one.await_exit(), 128 + signal);
    one.expect_names("start-ended", GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(In, HangingStart, testing::Values("create", "start"),
                         [](const auto& one) { return std::string(one.param); });

TEST(HangingLoad, EndsAtOnceOnSigtermAndSaysWhoHeldIt) {
  Misbehaving one(with_gateway("never", "nothing"), {{"AUTHD_TEST_WHILE_LOADING", "block"}});
  ASSERT_TRUE(one.await_misbehaviour());
  one.authd.child().signal(SIGTERM);
  EXPECT_EQ(one.await_exit(), 128 + SIGTERM);
  one.expect_names("start-ended", "dlopen");
}

TEST(Start, KeepsASighupUntilItIsOver) {
  Misbehaving one(with_gateway("start", "hup"));
  one.authd.await_ready();
  EXPECT_TRUE(one.authd.await_event("reloaded", kPatience));
}

// ---- the second SIGTERM

struct Hold {
  const char* operation;
  bool by_a_request = false;
  friend std::ostream& operator<<(std::ostream& out, const Hold& hold) { return out << hold.operation; }
};

class HeldExit : public testing::TestWithParam<Hold> {};

TEST_P(HeldExit, EndsAtOnceOnTheSecondSigterm) {
  Misbehaving one(with_gateway(GetParam().operation, "block"));
  one.authd.await_ready();
  if (GetParam().by_a_request) {
    one.ask();
    ASSERT_TRUE(one.await_misbehaviour());
  }
  one.authd.child().signal(SIGTERM);
  ASSERT_TRUE(one.authd.await_event("stopped", kPatience));
  ASSERT_TRUE(one.await_misbehaviour());
  one.authd.child().signal(SIGTERM);
  EXPECT_EQ(one.await_exit(), 1);
  one.expect_names("exit-forced", GetParam().operation);
}

INSTANTIATE_TEST_SUITE_P(By, HeldExit, testing::Values(Hold{"get_secret", true}, Hold{"stop"}, Hold{"destroy"}),
                         [](const auto& one) { return std::string(one.param.operation); });

TEST(LeavingPlugin, WhoseGlobalsBlockLeavesTheSecondSigtermInForce) {
  Misbehaving one(with_gateway("never", "nothing"), {{"AUTHD_TEST_WHILE_LEAVING", "block"}});
  one.authd.await_ready();
  one.authd.child().signal(SIGTERM);
  ASSERT_TRUE(one.await_misbehaviour());
  one.authd.child().signal(SIGTERM);
  EXPECT_EQ(one.await_exit(), 128 + SIGTERM);
}

// ---- past drain_delay + drain_timeout + 10 s

// Side by side, because each takes the ten seconds.
TEST(HeldExits, EndWithOneWhenTheirTimeHasPassedAndSayWhoHeldThem) {
  struct Held {
    const char* operation;
    std::unique_ptr<Misbehaving> one;
    const char* instance = "misbehaves";
  };
  std::vector<Held> all;
  const auto start = [&](const char* operation, const Settings& settings, const Environment& environment = {}) {
    all.push_back({operation, std::make_unique<Misbehaving>(settings, environment)});
    return all.back().one.get();
  };
  start("stop", with_gateway("stop", "block"))->authd.await_ready();
  start("destroy", with_gateway("destroy", "block"))->authd.await_ready();
  start("get_secret", with_gateway("get_secret", "block"))->ask();
  ASSERT_TRUE(all.back().one->await_misbehaviour());
  start("set", with_tier("set", "block"))->ask();
  ASSERT_TRUE(all.back().one->await_misbehaviour());
  // A reload that hangs takes the signals of nobody.
  Misbehaving* reloading = start("start", with_gateway("never", "nothing"));
  reloading->authd.await_ready();
  reloading->authd.begin_reload(with_gateway("start", "block").toml());
  ASSERT_TRUE(reloading->await_misbehaviour());

  const auto begin = std::chrono::steady_clock::now();
  for (const Held& held : all) held.one->authd.child().signal(SIGTERM);
  for (const Held& held : all) EXPECT_TRUE(held.one->authd.await_event("stopped", kPatience)) << held.operation;
  for (const Held& held : all) EXPECT_EQ(held.one->await_exit(), 1) << held.operation;
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, seconds(10));
  EXPECT_LT(took, seconds(20));
  for (const Held& held : all) held.one->expect_names("exit-forced", held.operation);
}

TEST(LeavingPlugin, WhoseGlobalsBlockEndsAfterTenSeconds) {
  Misbehaving one(with_gateway("never", "nothing"), {{"AUTHD_TEST_WHILE_LEAVING", "block"}});
  one.authd.await_ready();
  one.authd.child().signal(SIGTERM);
  EXPECT_EQ(one.await_exit(), 1);
  EXPECT_NE(one.only("exit-forced").field("message").find("destructors of globals"), std::string::npos);
}

// ---- an overrun is said while it lasts

TEST(Overrun, IsLoggedWhileItLasts) {
  Misbehaving one(with_gateway("get_secret", "block").set_text("breaker", "timeout", "100ms"));
  one.ask();
  ASSERT_TRUE(one.authd.await_event("plugin-overrun", kPatience)) << one.authd.child().everything();
  one.expect_names("plugin-overrun", "get_secret");
  EXPECT_EQ(one.authd.child().await_exit(milliseconds(0)), std::nullopt);
}

// ---- crashes

struct Crash {
  const char* operation;
  const char* does;
  int status; // of a build without a sanitizer
  const char* event = "crashed";
  friend std::ostream& operator<<(std::ostream& out, const Crash& crash) {
    return out << crash.operation << "_" << crash.does;
  }
};

class CrashingPlugin : public testing::TestWithParam<Crash> {
 protected:
  void expect_report(Misbehaving& one, const std::string& instance = "misbehaves") {
    const int status = one.await_exit();
    EXPECT_TRUE(kSanitized ? status > 0 : status == GetParam().status) << status;
    one.expect_names(GetParam().event, GetParam().operation, instance);
  }
};

using CrashWhileLoading = CrashingPlugin;
TEST_P(CrashWhileLoading, IsNamedInOneLine) {
  Misbehaving one(with_gateway("never", "nothing"), {{"AUTHD_TEST_WHILE_LOADING", GetParam().does}});
  expect_report(one);
}

using CrashOfAGateway = CrashingPlugin;
TEST_P(CrashOfAGateway, IsNamedInOneLine) {
  Misbehaving one(with_gateway(GetParam().operation, GetParam().does));
  if (GetParam().operation == std::string("get_secret")) one.ask();
  if (GetParam().operation == std::string("probe")) one.ask("/health/ready");
  expect_report(one);
}

// On a reactor's thread.
using CrashOfATier = CrashingPlugin;
TEST_P(CrashOfATier, IsNamedInOneLine) {
  Misbehaving one(with_tier(GetParam().operation, GetParam().does));
  one.ask();
  expect_report(one);
}

const auto kName = [](const auto& one) { return testing::PrintToString(one.param); };
INSTANTIATE_TEST_SUITE_P(Global, CrashWhileLoading,
                         testing::Values(Crash{"dlopen", "segv", 128 + SIGSEGV},
                                         Crash{"dlopen", "abort", 128 + SIGABRT},
                                         Crash{"dlopen", "exit", 1, "exit-called"}),
                         kName);
INSTANTIATE_TEST_SUITE_P(
    At, CrashOfAGateway,
    testing::Values(Crash{"create", "abort", 128 + SIGABRT}, Crash{"start", "segv", 128 + SIGSEGV},
                    Crash{"start", "exit", 1, "exit-called"}, Crash{"get_secret", "segv", 128 + SIGSEGV},
                    Crash{"get_secret", "abort", 128 + SIGABRT}, Crash{"get_secret", "terminate", 128 + SIGABRT},
                    Crash{"get_secret", "overflow", 128 + SIGSEGV}, Crash{"get_secret", "exit", 1, "exit-called"},
                    Crash{"probe", "segv", 128 + SIGSEGV}),
    kName);
INSTANTIATE_TEST_SUITE_P(At, CrashOfATier,
                         testing::Values(Crash{"get", "segv", 128 + SIGSEGV}, Crash{"get", "exit", 1, "exit-called"},
                                         Crash{"set", "overflow", 128 + SIGSEGV}),
                         kName);

// They may be in use by other threads, and one that waits for such a thread would hang.
TEST(ExitOfAPlugin, IsReportedBeforeItsGlobalsAreDestroyed) {
  Misbehaving one(with_gateway("get_secret", "exit"), {{"AUTHD_TEST_WHILE_LEAVING", "block"}});
  one.ask();
  EXPECT_EQ(one.await_exit(), 1);
  one.expect_names("exit-called", "get_secret");
}

TEST(Crash, OfNoPluginIsReportedToo) {
  Misbehaving one(with_gateway("never", "nothing"));
  one.authd.await_ready();
  one.authd.child().signal(SIGABRT);
  EXPECT_EQ(one.await_exit(), 128 + SIGABRT);
  EXPECT_EQ(one.only("crashed").field("authd.plugin.operation"), "");
  expect_whole_lines(one.authd.child().output());
}

} // namespace
} // namespace authd::test
