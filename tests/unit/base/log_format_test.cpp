// SPDX-License-Identifier: Apache-2.0
#include "base/log_format.h"

#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace authd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const WallTime kTime = WallTime(std::chrono::seconds(1'763'816'023)) + milliseconds(123); // 2025-11-22T12:53:43.123Z

std::string line_of(LogForm form, Level level, std::string_view message, std::initializer_list<Field> fields = {}) {
  Log::Options options;
  options.form = form;
  std::string out;
  LogFormat(options).append(out, {kTime, level, "thing-happened", message, {fields.begin(), fields.size()}});
  return out;
}

TEST(LogText, IsALineForPeople) {
  EXPECT_EQ(line_of(LogForm::text, Level::warn, "a thing happened",
                    {{"url.path", "/tokens"}, {"http.response.status_code", 503}, {"error.code", ""}, {"ok", true}}),
            "12:53:43.123Z warn  a thing happened [thing-happened] url.path=/tokens http.response.status_code=503 "
            "ok=true\n");
}

TEST(LogText, QuotesWhatIsMoreThanAWord) {
  EXPECT_THAT(line_of(LogForm::text, Level::info, "m", {{"error.message", "list: \"no\" answer"}}),
              HasSubstr(R"(error.message="list: \"no\" answer")"));
}

TEST(LogText, ShowsTimesInMilliseconds) {
  TimedSteps steps;
  steps.begin("queue", SteadyTime());
  steps.end("ok", SteadyTime() + std::chrono::microseconds(12));
  steps.begin("read", SteadyTime(), "redis");
  steps.end("miss", SteadyTime() + milliseconds(2));
  EXPECT_THAT(
      line_of(LogForm::text, Level::info, "m", {{"event.duration", std::int64_t{1'500'000}}, {"authd.steps", steps}}),
      HasSubstr("event.duration=1.500ms authd.steps=queue:ok:0.012ms,read:miss:2.000ms"));
}

// A client's header must neither end the line nor have the terminal do something.
TEST(LogText, ShowsControlCharactersInsteadOfSendingThem) {
  const std::string line =
      line_of(LogForm::coloured_text, Level::info, "a\nb\x1b[2J", {{"user.name", "\x1b]0;x\x07\n"}});
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, Not(HasSubstr("\x1b[2J")));
  EXPECT_THAT(line, Not(HasSubstr("\x1b]0")));
  EXPECT_THAT(line, HasSubstr("\"a\\nb\\u001b[2J\""));
}

TEST(LogText, IsColouredOnlyWhereItIsAskedFor) {
  EXPECT_THAT(line_of(LogForm::coloured_text, Level::error, "m", {{"a", "b"}}), HasSubstr("\x1b[31merror\x1b[0m"));
  EXPECT_THAT(line_of(LogForm::text, Level::error, "m", {{"a", "b"}}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(line_of(LogForm::json, Level::error, "m", {{"a", "b"}}), Not(HasSubstr("\x1b")));
}

class Terminal {
 public:
  Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) throw std::runtime_error("no terminal");
    slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }
  ~Terminal() {
    ::close(slave_);
    ::close(master_);
  }
  int fd() const { return slave_; }

 private:
  int master_;
  int slave_ = -1;
};

// Sets variables of this process and puts them back.
class Variables {
 public:
  Variables(const char* terminal, const char* no_colour) {
    set("TERM", terminal);
    set("NO_COLOR", no_colour);
  }
  ~Variables() {
    ::unsetenv("TERM");
    ::unsetenv("NO_COLOR");
  }

 private:
  static void set(const char* name, const char* value) {
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
};

TEST(LogForm, IsTextOnATerminalAndJsonElsewhere) {
  const Terminal terminal;
  const Variables variables("xterm", nullptr);
  EXPECT_EQ(form_for(terminal.fd()), LogForm::coloured_text);
  const int file = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  EXPECT_EQ(form_for(file), LogForm::json);
  ::close(file);
}

TEST(LogForm, HasNoColourWhereNobodyWantsOrCanShowIt) {
  const Terminal terminal;
  for (const auto& [term, no_colour, form] :
       {std::tuple{"xterm", "1", LogForm::text}, std::tuple{"xterm", "", LogForm::coloured_text},
        std::tuple{"dumb", static_cast<const char*>(nullptr), LogForm::text},
        std::tuple{static_cast<const char*>(nullptr), static_cast<const char*>(nullptr), LogForm::text}}) {
    const Variables variables(term, no_colour);
    EXPECT_EQ(form_for(terminal.fd()), form);
  }
}

class Heard final : public LogTap {
 public:
  void on_event(const LogEvent& event) override {
    const std::lock_guard lock(mutex_);
    actions_.emplace_back(event.action);
  }
  std::vector<std::string> actions() const {
    const std::lock_guard lock(mutex_);
    return actions_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> actions_;
};

class LogTapTest : public testing::Test {
 protected:
  ~LogTapTest() override { ::close(fd_); }
  std::string written() {
    log_.reset();
    std::string text(1 << 16, '\0');
    const ssize_t n = ::pread(fd_, text.data(), text.size(), 0);
    text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return text;
  }

  static Log::Options options(int fd) {
    Log::Options options;
    options.fd = fd;
    return options;
  }
  char path_[32] = "/tmp/authd-log-XXXXXX";
  int fd_ = ::mkstemp(path_);
  int unlinked_ = ::unlink(path_);
  std::unique_ptr<Log> log_ = std::make_unique<Log>(options(fd_));
  std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

TEST_F(LogTapTest, HearsWhatIsWritten) {
  log_->write(Level::info, "before", "m");
  log_->set_tap(heard_);
  log_->write(Level::info, "one", "m");
  log_->write(Level::debug, "below-the-level", "m");
  log_->write_always("audit", "m", {});
  log_->set_tap(nullptr);
  log_->write(Level::info, "after", "m");
  EXPECT_THAT(heard_->actions(), ElementsAre("one", "audit"));
  EXPECT_THAT(written(), testing::AllOf(HasSubstr("before"), HasSubstr("one"), HasSubstr("audit"), HasSubstr("after")));
}

TEST_F(LogTapTest, InPlaceOfTheDescriptorLeavesItFatalLinesAlone) {
  log_->set_tap(heard_, false);
  log_->write(Level::error, "one", "m");
  log_->write(Level::fatal, "the-end", "m");
  EXPECT_THAT(heard_->actions(), ElementsAre("one", "the-end"));
  const std::string text = written();
  EXPECT_THAT(text, Not(HasSubstr("one")));
  EXPECT_THAT(text, HasSubstr("the-end"));
}

TEST_F(LogTapTest, HearsTheSumsOfSimilarLines) {
  log_->set_tap(heard_, false);
  for (int i = 0; i < 12; ++i) log_->write_repeated(Level::warn, "again", "m", "", "", {});
  EXPECT_EQ(written(), "");
  std::vector<std::string> expected(10, "again");
  expected.emplace_back("log-lines-summed");
  EXPECT_EQ(heard_->actions(), expected);
}

} // namespace
} // namespace authd
