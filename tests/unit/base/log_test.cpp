// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace authd {
namespace {

using testing::HasSubstr;

class Pipe {
 public:
  Pipe() {
    if (::pipe(fds_) != 0) throw std::runtime_error("pipe");
  }
  ~Pipe() {
    ::close(fds_[0]);
    if (fds_[1] >= 0) ::close(fds_[1]);
  }
  int in() const { return fds_[1]; }
  int out() const { return fds_[0]; }
  // Everything until the writer has closed its end.
  std::string drain() {
    ::close(std::exchange(fds_[1], -1));
    std::string all;
    char buffer[65536];
    for (ssize_t n; (n = ::read(fds_[0], buffer, sizeof(buffer))) > 0;) all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }

 private:
  int fds_[2];
};

class TempFile {
 public:
  TempFile() : fd_(::mkstemp(path_)) {
    if (fd_ < 0) throw std::runtime_error("mkstemp");
  }
  ~TempFile() {
    ::close(fd_);
    ::unlink(path_);
  }
  int fd() const { return fd_; }
  const char* path() const { return path_; }

 private:
  char path_[32] = "/tmp/authd-log-XXXXXX";
  int fd_;
};

Log::Options options_for(const Pipe& pipe) {
  Log::Options options;
  options.service_name = "svc";
  options.service_version = "1.2.3";
  options.environment = "test";
  options.fd = pipe.in();
  return options;
}

TEST(Log, WritesOneEcsLinePerEvent) {
  Pipe pipe;
  { Log(options_for(pipe)).write(Level::warn, "thing-happened", "a \"thing\"", {{"n", 3}, {"ok", true}}); }
  const std::string text = pipe.drain();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, HasSubstr(R"("log.level":"warn","message":"a \"thing\"","ecs.version":)"));
  EXPECT_THAT(text, HasSubstr(R"("service.name":"svc","service.version":"1.2.3","service.environment":"test")"));
  EXPECT_THAT(text, HasSubstr(R"("event.action":"thing-happened","n":3,"ok":true})"));
}

// A crash's line is written past the log and must not fall into another.
TEST(Log, WritesWholeLinesAtATime) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0); // one packet for each write(2)
  Log::Options options = options_for(Pipe());
  options.fd = ends[1];
  {
    Log log(options);
    for (int i = 0; i < 100; ++i) log.write(Level::info, "e", std::string(90, 'x'));
  }
  ::close(ends[1]);
  char packet[65536];
  for (ssize_t n; (n = ::read(ends[0], packet, sizeof(packet))) > 0;) EXPECT_EQ(packet[n - 1], '\n') << n;
  ::close(ends[0]);
}

TEST(Log, HasWrittenEverythingAfterAFlush) {
  TempFile file;
  Log::Options options = options_for(Pipe());
  options.fd = file.fd();
  Log log(options);
  for (int i = 0; i < 100; ++i) {
    log.write(Level::info, "e", "line");
    log.flush();
    std::ifstream in(file.path());
    EXPECT_EQ(std::count(std::istreambuf_iterator<char>(in), {}, '\n'), i + 1);
  }
}

TEST(Log, LeavesOutEmptyTextAndLevelsBelowItsOwn) {
  Pipe pipe;
  {
    Log log(options_for(pipe));
    log.write(Level::debug, "hidden", "hidden");
    log.write(Level::info, "shown", "shown", {{"empty", ""}, {"empty_number", std::optional<std::int64_t>()}});
    log.set_level(Level::error);
    log.write(Level::warn, "hidden", "hidden");
  }
  const std::string text = pipe.drain();
  EXPECT_THAT(text, HasSubstr("shown"));
  EXPECT_THAT(text, testing::Not(HasSubstr("hidden")));
  EXPECT_THAT(text, testing::Not(HasSubstr("empty")));
}

TEST(Log, NeverLetsALineBreakOutOfItsJson) {
  Pipe pipe;
  { Log(options_for(pipe)).write(Level::info, "e", "two\nlines\x01\xFF", {{"f", "x\"}\n{"}}); }
  const std::string text = pipe.drain();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, HasSubstr(R"(two\nlines\u0001)"));
}

// A terminal takes U+009B for the start of an escape sequence; an override shows what follows backwards.
TEST(Log, EscapesWhatAViewerWouldObey) {
  Pipe pipe;
  {
    Log(options_for(pipe))
        .write(Level::info, "e", "\u009B31m\u202Etxt.exe",
               {{"user.name", "a\u0080\u009F\u200E\u200F\u2066\u2069\u2028z"}});
  }
  const std::string text = pipe.drain();
  EXPECT_THAT(text, HasSubstr(R"("message":"\u009b31m\u202etxt.exe")"));
  EXPECT_THAT(text, HasSubstr(R"("user.name":"a\u0080\u009f\u200e\u200f\u2066\u2069\u2028z")"));
}

TEST(Log, LeavesOtherTextAsItIs) {
  Pipe pipe;
  const std::string name = "\u00A0\u00E9\u200D\u2030\u206A\u05D0\u4E2D\U0001F511";
  { Log(options_for(pipe)).write(Level::info, "e", name + "\xFF", {{"user.name", name}}); }
  const std::string text = pipe.drain();
  EXPECT_THAT(text, HasSubstr("\"user.name\":\"" + name + "\""));
  EXPECT_THAT(text, HasSubstr("\"message\":\"" + name + "\uFFFD\""));
}

TEST(Log, KeepsEveryLineOfABusyMomentWholeAndInOrder) {
  TempFile file;
  {
    Log::Options options = options_for(Pipe());
    options.fd = file.fd();
    options.queue_bytes = 16 << 20;
    Log log(options);
    for (int i = 0; i < 20'000; ++i) log.write(Level::info, "e", "m", {{"n", i}});
    EXPECT_EQ(log.dropped(), 0u);
  }
  std::ifstream lines(file.path());
  int n = 0;
  for (std::string line; std::getline(lines, line); ++n) {
    ASSERT_TRUE(line.starts_with("{\"@timestamp\":\"")) << line;
    ASSERT_TRUE(line.ends_with("\"event.action\":\"e\",\"n\":" + std::to_string(n) + "}")) << line;
  }
  EXPECT_EQ(n, 20'000);
}

// The reader does not read at all: callers go on, losses are counted, and the end is not held up.
TEST(Log, DropsAndCountsWhenNobodyReads) {
  Pipe pipe;
  Log::Options options = options_for(pipe);
  options.queue_bytes = 64 * 1024;
  std::uint64_t dropped = 0;
  {
    Log log(options);
    for (int i = 0; i < 5000; ++i) log.write(Level::info, "e", std::string(100, 'x'));
    dropped = log.dropped();
  }
  EXPECT_GT(dropped, 0u);
  EXPECT_LT(dropped, 5000u);
}

TEST(Log, SumsLinesOfOneKindWhileItGoesOnAndAtItsEnd) {
  Pipe pipe;
  {
    Log log(options_for(pipe));
    for (int i = 0; i < 100; ++i)
      log.write_repeated(Level::error, "failed", "it failed", "AUTH_004", "list", {{"n", i}});
  }
  const std::string text = pipe.drain();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11);
  EXPECT_THAT(text, HasSubstr(R"("n":9})"));
  EXPECT_THAT(text, testing::Not(HasSubstr(R"("n":10})")));
  EXPECT_THAT(text,
              HasSubstr(R"("event.action":"log-lines-summed","authd.log.suppressed":90,"authd.log.event":"failed",)"
                        R"("error.code":"AUTH_004","authd.log.kind":"list"})"));
}

TEST(Log, TellsASumWhenTheSecondIsOverAlthoughNothingElseIsWritten) {
  Pipe pipe;
  Log log(options_for(pipe));
  for (int i = 0; i < 11; ++i) log.write_repeated(Level::error, "failed", "it failed", "", "", {});
  std::string text;
  char buffer[4096];
  while (text.find("log-lines-summed") == std::string::npos) { // a hang is the test's time-out
    const ssize_t n = ::read(pipe.out(), buffer, sizeof(buffer));
    ASSERT_GT(n, 0);
    text.append(buffer, static_cast<std::size_t>(n));
  }
  EXPECT_THAT(text, HasSubstr(R"("authd.log.suppressed":1,)"));
}

TEST(Log, LosesNoLineOfAKindThatSeveralThreadsWrite) {
  constexpr int kThreads = 4, kLines = 500;
  Pipe pipe;
  {
    Log log(options_for(pipe));
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log] {
        for (int i = 0; i < kLines; ++i)
          log.write_repeated(Level::error, "failed", "it failed", "", "", {{"one", true}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  constexpr std::string_view kOne = R"("one":true)", kSum = R"("authd.log.suppressed":)";
  const std::string text = pipe.drain();
  long told = 0;
  for (std::size_t at = 0; (at = text.find(kOne, at)) != std::string::npos; at += kOne.size()) ++told;
  for (std::size_t at = 0; (at = text.find(kSum, at)) != std::string::npos; at += kSum.size())
    told += std::atol(text.c_str() + at + kSum.size());
  EXPECT_EQ(told, kThreads * kLines);
}

TEST(Log, DoesNotSumWhatItsLevelKeepsOut) {
  Pipe pipe;
  {
    Log log(options_for(pipe));
    for (int i = 0; i < 100; ++i) log.write_repeated(Level::debug, "failed", "it failed", "", "", {});
  }
  EXPECT_EQ(pipe.drain(), "");
}

TEST(Log, WritesWhatIsAlwaysWrittenWhateverItsLevel) {
  Pipe pipe;
  {
    Log::Options options = options_for(pipe);
    options.level = Level::fatal;
    Log log(options);
    log.write(Level::error, "an-error", "left out");
    log.write_always("token-issued", "token issued", {});
  }
  const std::string text = pipe.drain();
  EXPECT_THAT(text, testing::Not(HasSubstr("an-error")));
  EXPECT_THAT(text, HasSubstr(R"("log.level":"info","message":"token issued")"));
}

TEST(Log, WritesTimedStepsAsAnArray) {
  TimedSteps steps;
  Pipe pipe;
  {
    Log log(options_for(pipe));
    log.write(Level::info, "none", "", {{"authd.steps", steps}});
    steps.begin("queue", SteadyTime());
    steps.end("ok", SteadyTime() + milliseconds(2));
    steps.begin("list", SteadyTime());
    log.write(Level::info, "two", "", {{"authd.steps", steps}});
  }
  const std::string text = pipe.drain();
  EXPECT_THAT(text, HasSubstr(R"("event.action":"none"})"));
  EXPECT_THAT(text, HasSubstr(R"("authd.steps":[{"name":"queue","result":"ok","duration":2000000},)"
                              R"({"name":"list","result":"running","duration":0}]})"));
}

} // namespace
} // namespace authd
