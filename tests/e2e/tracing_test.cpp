// SPDX-License-Identifier: Apache-2.0
// One trace from the request that Kong forwards to what Kong's Admin API is asked; and the log, which names it.
#include <csignal>
#include <cstdlib>
#include <set>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "scene.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

constexpr std::chrono::seconds kPatience{20};
const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";

FakeKong::Options recording() {
  FakeKong::Options options;
  options.record_requests = true;
  return options;
}

Headers alice_in_a_trace(const std::string& flags = "01") {
  Headers headers = kAlice;
  headers.emplace_back("traceparent", "00-" + kTrace + "-" + kSpan + "-" + flags);
  headers.emplace_back("tracestate", "a=1");
  headers.emplace_back("tracestate", "b=2");
  return headers;
}

void log_everything(Settings& s) {
  s.set_text("telemetry", "log_level", "debug").set_text("telemetry", "access_log", "all");
}

// The part of a traceparent: 1 the trace, 2 the span, 3 the flags.
std::string part(const std::optional<std::string>& traceparent, std::size_t n) {
  if (!traceparent || traceparent->size() != 55) return "invalid: " + traceparent.value_or("none");
  return n == 1 ? traceparent->substr(3, 32) : n == 2 ? traceparent->substr(36, 16) : traceparent->substr(53);
}

TEST(Trace, ReachesKongWithASpanOfTheExchange) {
  Scene scene(log_everything, recording());
  ASSERT_EQ(scene.tokens(alice_in_a_trace()).status, 200);
  const auto requests = scene.kong.traffic().requests;
  ASSERT_FALSE(requests.empty());
  std::set<std::string> spans{kSpan};
  for (const ReceivedRequest& request : requests) {
    const auto sent = request.header("traceparent");
    EXPECT_EQ(part(sent, 1), kTrace) << request.target;
    EXPECT_TRUE(spans.insert(part(sent, 2)).second) << "each exchange has a span of its own";
    EXPECT_EQ(part(sent, 3), "01");
    EXPECT_EQ(request.header("tracestate"), "a=1,b=2");
  }
}

TEST(Trace, IsNamedByTheLinesOfTheRequestTheTokenAndTheCall) {
  Scene scene(log_everything, recording());
  ASSERT_EQ(scene.tokens(alice_in_a_trace("00")).status, 200);
  std::set<std::string> spans{kSpan};
  for (const char* event : {"request", "token-issued", "gateway-call"}) {
    const auto line =
        scene.authd.await_event(event, kPatience, [](const LogLine& l) { return !l.field("trace.id").empty(); });
    ASSERT_TRUE(line) << event;
    EXPECT_EQ(line->field("trace.id"), kTrace) << event;
    EXPECT_THAT(line->field("span.id"), MatchesRegex("[0-9a-f]{16}")) << event;
    spans.insert(line->field("span.id"));
  }
  EXPECT_EQ(spans.size(), 3u) << "Kong's, the request's (and the token's), the call's";
  for (const ReceivedRequest& request : scene.kong.traffic().requests) {
    EXPECT_EQ(part(request.header("traceparent"), 3), "00") << "the caller decides";
    EXPECT_FALSE(spans.contains(part(request.header("traceparent"), 2))) << "the exchange is within the call";
  }
}

TEST(Trace, BeginsHereWithoutOneOrWithOneThatIsInvalid) {
  Scene scene(
      [](Settings& s) {
        log_everything(s);
        s.set("telemetry", "trace_sample_ratio", "1.0");
      },
      recording());
  Headers headers = kAlice;
  headers.emplace_back("traceparent", "00-" + kTrace + "-0000000000000000-01");
  headers.emplace_back("tracestate", "a=1");
  ASSERT_EQ(scene.tokens(headers).status, 200);
  const auto requests = scene.kong.traffic().requests;
  ASSERT_FALSE(requests.empty());
  EXPECT_THAT(part(requests[0].header("traceparent"), 1), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(part(requests[0].header("traceparent"), 1), kTrace);
  EXPECT_EQ(part(requests[0].header("traceparent"), 3), "01") << "by the ratio";
  EXPECT_FALSE(requests[0].header("tracestate"));
}

TEST(Trace, OfARefreshIsItsOwn) {
  Scene scene(log_everything, recording());
  ASSERT_EQ(scene.tokens(alice_in_a_trace()).status, 200);
  scene.kong.forget_traffic();
  scene.outlive_ttl(); // the copy becomes due before, and is refreshed in the background
  const auto requests = scene.kong.traffic().requests;
  ASSERT_FALSE(requests.empty());
  EXPECT_NE(part(requests[0].header("traceparent"), 1), kTrace);
}

// A terminal whose other side the test reads.
class Terminal {
 public:
  Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) throw std::runtime_error("no terminal");
  }
  ~Terminal() { ::close(master_); }
  std::string path() const { return ::ptsname(master_); }

  // Reads until the text contains `wanted`; false: it did not come.
  bool await(const std::string& wanted) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (text_.find(wanted) == std::string::npos && std::chrono::steady_clock::now() < end) {
      pollfd waiting{master_, POLLIN, 0};
      ::poll(&waiting, 1, 100);
      char buffer[4096];
      const ssize_t n = ::read(master_, buffer, sizeof(buffer));
      if (n > 0) text_.append(buffer, static_cast<std::size_t>(n));
    }
    return text_.find(wanted) != std::string::npos;
  }
  const std::string& text() const { return text_; }

 private:
  int master_;
  std::string text_;
};

class OnATerminal : public testing::Test {
 protected:
  // What authd writes to its terminal until it is ready.
  std::string start(const Environment& environment) {
    const std::string config = dir_.write("authd.toml", Settings(kong_.url()).toml());
    Terminal terminal;
    ChildProcess authd({"/bin/sh", "-c", "exec \"$0\" --config \"$1\" >\"$2\"", AUTHD_BINARY, config, terminal.path()},
                       environment);
    EXPECT_TRUE(terminal.await("[ready]")) << terminal.text() << authd.everything();
    authd.signal(SIGTERM);
    EXPECT_TRUE(terminal.await("[stopped]")) << terminal.text();
    EXPECT_EQ(authd.await_exit(kPatience), 0);
    return terminal.text();
  }

 private:
  TempDir dir_;
  FakeKong kong_;
};

TEST_F(OnATerminal, TheLogIsTextInColour) {
  const std::string text = start({{"TERM", "xterm"}});
  EXPECT_THAT(text, HasSubstr("\x1b[32minfo"));
  EXPECT_THAT(text, HasSubstr("ready on http://127.0.0.1:"));
  EXPECT_THAT(text, Not(HasSubstr("{\"@timestamp\"")));
}

TEST_F(OnATerminal, ThereIsNoColourForWhoWantsNone) {
  const std::string text = start({{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("info  ready on http://127.0.0.1:"));
}

} // namespace
} // namespace authd::test
