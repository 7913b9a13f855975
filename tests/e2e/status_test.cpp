// SPDX-License-Identifier: Apache-2.0
// The running authd as its admin listener shows it: GET /admin/status, `authd status`, the status page, `authd ui`.
#include <atomic>
#include <csignal>

#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "browser.h"
#include "scene.h"
#include "support/free_port.h"

namespace authd::test {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + '\n';
  return all;
}

class Status : public testing::Test {
 protected:
  Finished status(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"status", "--socket", socket_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_authd(arguments);
  }
  Object::Ptr document() const {
    const Finished finished = status({"--json"});
    EXPECT_EQ(finished.exit_code, 0) << joined(finished.errors);
    return parse_object(joined(finished.output));
  }
  // A request is counted when its answer is on its way: the client may be first.
  Object::Ptr await_errors(std::size_t kinds) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Object::Ptr status = document();
    while (status->getArray("errors")->size() < kinds && std::chrono::steady_clock::now() < deadline)
      status = document();
    return status;
  }
  // Kong fails until the breaker has opened.
  void open_breaker() {
    scene_.add_strangers(10, 10);
    scene_.kong.set_fault({KongFault::Kind::error_500});
    for (int n = 0; n < 10; ++n) EXPECT_EQ(scene_.tokens(stranger(n)).status, 503);
  }

  const TempDir dir_;
  const std::string socket_ = (dir_.path() / "admin.sock").string();
  Scene scene_{[this](Settings& s) { s.set_text("admin", "listen", "unix:" + socket_); }};
};

void expect_numbers(const Object& object, const std::vector<std::string>& names) {
  for (const std::string& name : names) EXPECT_TRUE(object.get(name).isNumeric()) << name;
}
void expect_texts(const Object& object, const std::vector<std::string>& names) {
  for (const std::string& name : names) EXPECT_TRUE(object.get(name).isString()) << name;
}
// At least one, and each satisfies it.
template <class Check>
void expect_each(const Object& object, const std::string& name, Check check) {
  const Array::Ptr all = object.getArray(name);
  ASSERT_FALSE(all.isNull()) << name;
  EXPECT_GT(all->size(), 0U) << name;
  for (unsigned i = 0; i < all->size(); ++i) check(*all->getObject(i));
}

TEST_F(Status, HasEveryMemberOfTheContract) {
  ASSERT_EQ(scene_.tokens().status, 200);
  open_breaker();
  const Object::Ptr status = document();
  expect_texts(*status, {"version", "environment"});
  expect_numbers(*status, {"uptime"});
  expect_numbers(*status->getObject("rate"), {"requests", "tokens", "errors"});
  expect_numbers(*status->getObject("latency"), {"p50", "p95", "p99"});
  expect_numbers(*status->getObject("lane"), {"workers", "depth", "rejected"});
  expect_each(*status, "reactors", [](const Object& one) {
    expect_numbers(one, {"connections", "requests", "loopDelay"});
  });
  expect_each(*status, "tiers", [](const Object& one) {
    expect_texts(one, {"name", "state"});
    expect_numbers(one, {"hits", "misses", "hitRate", "entries", "bytes"});
  });
  expect_each(*status, "breakers", [](const Object& one) {
    expect_texts(one, {"name", "state", "since"});
    EXPECT_TRUE(one.isArray("history"));
  });
  expect_each(*status, "plugins", [](const Object& one) {
    expect_texts(one, {"name", "kind", "id", "version", "state"});
  });
  expect_each(*status, "errors", [](const Object& one) {
    expect_texts(one, {"at", "code", "message"});
    expect_numbers(one, {"count"});
  });
}

TEST_F(Status, TellsWhatHappened) {
  constexpr int kTokens = 20;
  for (int i = 0; i < kTokens; ++i) ASSERT_EQ(scene_.tokens().status, 200);
  ASSERT_EQ(get(scene_.port(), "/tokens").status, 401);
  const Object::Ptr status = await_errors(1);
  ASSERT_EQ(status->getArray("errors")->size(), 1U);
  EXPECT_GT(status->getObject("rate")->getValue<double>("tokens"), 0.5);
  EXPECT_GT(status->getObject("rate")->getValue<double>("errors"), 0);
  EXPECT_GT(status->getObject("latency")->getValue<double>("p50"), 0);
  EXPECT_LE(status->getObject("latency")->getValue<double>("p50"),
            status->getObject("latency")->getValue<double>("p99"));
  std::int64_t requests = 0;
  expect_each(*status, "reactors", [&](const Object& one) { requests += one.getValue<std::int64_t>("requests"); });
  EXPECT_GE(requests, kTokens + 1);
  const Object::Ptr tier = status->getArray("tiers")->getObject(0);
  EXPECT_EQ(tier->getValue<std::string>("name"), "cache-memory");
  EXPECT_EQ(tier->getValue<std::int64_t>("entries"), 1);
  EXPECT_GT(tier->getValue<std::int64_t>("hits"), 0);
  EXPECT_GT(tier->getValue<double>("hitRate"), 0.5);
  EXPECT_LT(tier->getValue<double>("hitRate"), 1);
  const Object::Ptr error = status->getArray("errors")->getObject(0);
  EXPECT_EQ(error->getValue<std::string>("code"), "AUTH_001");
  EXPECT_EQ(error->getValue<int>("count"), 1);
}

TEST_F(Status, RemembersTheStepsOfABreakerAndWhyRequestsFailed) {
  open_breaker();
  const Object::Ptr status = document();
  const Object::Ptr breaker = status->getArray("breakers")->getObject(0);
  EXPECT_EQ(breaker->getValue<std::string>("name"), "gateway");
  EXPECT_NE(breaker->getValue<std::string>("state"), "closed");
  const Array::Ptr history = breaker->getArray("history");
  ASSERT_GE(history->size(), 1U);
  EXPECT_EQ(history->getObject(0)->getValue<std::string>("from"), "closed");
  EXPECT_EQ(history->getObject(0)->getValue<std::string>("to"), "open");
  EXPECT_EQ(history->getObject(static_cast<unsigned>(history->size()) - 1)->getValue<std::string>("at"),
            breaker->getValue<std::string>("since"));
  std::vector<std::string> codes;
  expect_each(*status, "errors", [&](const Object& one) { codes.push_back(one.getValue<std::string>("code")); });
  EXPECT_THAT(codes, testing::Contains("AUTH_004"));
}

TEST_F(Status, OutlivesAReload) {
  open_breaker();
  ASSERT_EQ(run_authd({"status", "--socket", socket_, "--once"}).exit_code, 0);
  scene_.authd.child().signal(SIGHUP);
  ASSERT_TRUE(scene_.authd.await_event("reloaded", std::chrono::seconds(20)));
  const Object::Ptr status = document();
  EXPECT_GE(status->getArray("breakers")->getObject(0)->getArray("history")->size(), 1U);
  EXPECT_GT(status->getArray("errors")->size(), 0U);
}

TEST_F(Status, IsDrawnOnceForAPipe) {
  open_breaker();
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--once"}, {}}) {
    const Finished finished = status(arguments);
    ASSERT_EQ(finished.exit_code, 0) << joined(finished.errors);
    const std::string text = joined(finished.output);
    for (const char* part : {"authd ", "requests", "cache-memory", "gateway", "closed -> open", "LANE", "AUTH_004"}) {
      EXPECT_THAT(text, HasSubstr(part));
    }
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    for (const std::string& line : finished.output) EXPECT_LE(line.size(), 80U) << line;
  }
}

TEST_F(Status, SaysWhenNobodyAnswers) {
  const std::string nobody = socket_ + "x";
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"status"}, {"status", "--once"}, {"status", "--json"}, {"ui"}}) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--socket", nobody});
    const Finished finished = run_authd(all);
    EXPECT_EQ(finished.exit_code, 1);
    EXPECT_THAT(joined(finished.errors), HasSubstr("cannot reach authd at unix:" + nobody));
    EXPECT_TRUE(finished.output.empty());
  }
  EXPECT_EQ(status({"--interval", "0"}).exit_code, 64);
}

// `authd status` on a terminal of 100 columns and 40 rows.
class Terminal {
 public:
  Terminal(const std::string& socket, const char* no_colour) {
    winsize size{40, 100, 0, 0};
    pid_ = ::forkpty(&fd_, nullptr, nullptr, &size);
    if (pid_ != 0) return;
    ::setenv("TERM", "xterm", 1);
    no_colour != nullptr ? ::setenv("NO_COLOR", no_colour, 1) : ::unsetenv("NO_COLOR");
    ::execl(AUTHD_BINARY, AUTHD_BINARY, "status", "--socket", socket.c_str(), nullptr);
    ::_exit(127);
  }
  ~Terminal() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
    ::close(fd_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(std::string_view text) {
    EXPECT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  // Until the text has appeared so many times, or the other side has gone.
  bool await(std::string_view text, int times = 1) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (count(text) < times && std::chrono::steady_clock::now() < deadline && read_more()) {
    }
    return count(text) >= times;
  }
  int exit_code() {
    while (read_more()) {
    }
    int status = -1;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  const std::string& shown() const { return shown_; }

 private:
  int count(std::string_view text) const {
    int n = 0;
    for (auto at = shown_.find(text); at != std::string::npos; at = shown_.find(text, at + 1)) ++n;
    return n;
  }
  bool read_more() {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, 20'000) != 1) return false;
    char bytes[4096];
    const ssize_t n = ::read(fd_, bytes, sizeof(bytes));
    if (n > 0) shown_.append(bytes, static_cast<std::size_t>(n));
    return n > 0;
  }

  pid_t pid_ = -1;
  int fd_ = -1;
  std::string shown_;
};

TEST_F(Status, IsDrawnAgainAndAgainOnATerminalAndGivesItBack) {
  Terminal terminal(socket_, nullptr);
  ASSERT_TRUE(terminal.await("LANE", 2)) << terminal.shown();
  EXPECT_THAT(terminal.shown(), StartsWith("\x1b[?1049h"));
  EXPECT_THAT(terminal.shown(), HasSubstr("\x1b[32mclosed\x1b[0m"));
  terminal.type("\x03"); // Ctrl-C
  EXPECT_EQ(terminal.exit_code(), 0);
  EXPECT_THAT(terminal.shown(), EndsWith("\x1b[?25h\x1b[?1049l"));
}

TEST_F(Status, HasNoColourWhereNobodyWantsIt) {
  Terminal terminal(socket_, "1");
  ASSERT_TRUE(terminal.await("LANE")) << terminal.shown();
  EXPECT_THAT(terminal.shown(), Not(HasSubstr("\x1b[32m")));
}

HttpReply ask(std::uint16_t port, const std::string& target, const std::string& host = "127.0.0.1",
              const std::string& fields = "") {
  HttpConnection connection(port);
  connection.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + fields + "\r\n");
  return connection.read().value();
}
const std::string kForeign = "Origin: http://evil.example\r\n";

// `authd ui` in front of a Unix socket.
class Ui : public Status {
 protected:
  Ui() {
    const auto line =
        ui_.await_line([](const std::string& l) { return l.starts_with("http://"); }, std::chrono::seconds(20));
    EXPECT_TRUE(line) << ui_.everything();
    const std::string prefix = "http://127.0.0.1:";
    url_ = line.value_or(prefix + "1/?");
    port_ = static_cast<std::uint16_t>(std::stoi(url_.substr(prefix.size())));
    query_ = url_.substr(url_.find('?'));
  }
  ChildProcess ui_{{AUTHD_BINARY, "ui", "--socket", socket_}};
  std::string url_;
  std::uint16_t port_ = 0;
  std::string query_;
};

TEST_F(Ui, ServesThePageAndItsDataToWhoHasTheToken) {
  EXPECT_THAT(url_, HasSubstr("/admin/ui?token="));
  EXPECT_EQ(ask(port_, "/admin/ui" + query_).status, 200);
  const HttpReply status = ask(port_, "/admin/status" + query_);
  EXPECT_EQ(status.status, 200);
  EXPECT_TRUE(parse_object(status.body)->has("breakers"));
}

TEST_F(Ui, RefusesEverybodyElse) {
  EXPECT_EQ(ask(port_, "/admin/ui").status, 403);
  EXPECT_EQ(ask(port_, "/admin/status").status, 403);
  EXPECT_EQ(ask(port_, "/admin/status?token=AAAAAAAAAAAAAAAAAAAAAA").status, 403);
  EXPECT_EQ(ask(port_, "/admin/ui" + query_, "evil.example").status, 403);
  EXPECT_EQ(ask(port_, "/admin/status" + query_, "127.0.0.1", kForeign).status, 403);
  EXPECT_EQ(ask(port_, "/admin/plugins" + query_).status, 404);
}

TEST_F(Ui, EndsWithCtrlC) {
  ui_.signal(SIGINT);
  EXPECT_EQ(ui_.await_exit(std::chrono::seconds(20)), 0);
  EXPECT_THROW(HttpConnection{port_}, std::exception);
}

TEST(UiOfATcpListener, IsServedByTheListenerItself) {
  const std::uint16_t port = free_port();
  const std::string listen = "127.0.0.1:" + std::to_string(port);
  const Scene scene([&](Settings& s) { s.set_text("admin", "listen", listen); });
  const Finished ui = run_authd({"ui", "--socket", listen});
  EXPECT_EQ(ui.exit_code, 0);
  EXPECT_EQ(joined(ui.output), "http://" + listen + "/admin/ui\n");
  const HttpReply page = ask(port, "/admin/ui");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.header("Content-Security-Policy"), HasSubstr("default-src 'none'"));
  EXPECT_EQ(ask(port, "/admin/status").status, 200);
  for (const char* path : {"/admin/ui", "/admin/status"}) EXPECT_EQ(ask(port, path, "127.0.0.1", kForeign).status, 403);
}

// The page as its readers see it.
class StatusPageInABrowser : public Ui {};

TEST_F(StatusPageInABrowser, IsReadableInEveryLookAndWithoutSeriousFaults) {
  open_breaker();
  scene_.kong.clear_faults();
  std::atomic<bool> ending{false};
  std::thread load = checked_thread([&] {
    for (int n = 0; !ending; ++n) {
      scene_.tokens(n % 50 == 0 ? Headers{} : kAlice);
      std::this_thread::sleep_for(std::chrono::milliseconds(2 + n / 50 % 10));
    }
  });
  look_at("status_page.mjs", url_);
  ending = true;
  load.join();
}

} // namespace
} // namespace authd::test
