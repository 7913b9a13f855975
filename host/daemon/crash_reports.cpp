// SPDX-License-Identifier: Apache-2.0
// What runs in a signal handler here touches nothing but its own stack, what was made before, and calls that
// signal-safety(7) lists.
#include "daemon/crash_reports.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "plugin/calls_under_way.h"
#include "plugin/mapped_library.h"

namespace authd::daemon {
namespace {

using plugin::CallUnderWay;

struct Crash {
  int number;
  std::string_view name;
};
constexpr std::array<Crash, 5> kCrashes{
    {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}}};

constexpr unsigned kExit_s = 10; // for the destructors of globals
constexpr int kStuckReader_ms = 100;

// Never freed, because a crash may come later than any destructor.
struct Reporting {
  std::string constant_fields;
  int fd;
  std::array<struct sigaction, kCrashes.size()> before{}; // the default, or a sanitizer's
};
std::atomic<Reporting*> reporting{nullptr};
std::atomic<Log*> log_to_flush{nullptr};

// A line of the log, in memory of its own. What does not fit is left out.
class Line {
 public:
  Line& add(std::string_view text) {
    if (text.size() > sizeof(bytes_) - size_) return *this;
    std::copy(text.begin(), text.end(), bytes_ + size_);
    size_ += text.size();
    return *this;
  }
  // Inside quotes: what would have to be escaped becomes a question mark.
  Line& add_plain(std::string_view text) {
    for (const char c : text) {
      const bool escapes = static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
      add(escapes ? std::string_view("?") : std::string_view(&c, 1));
    }
    return *this;
  }
  Line& add_number(std::int64_t number, std::size_t digits) {
    std::array<char, 20> text;
    for (std::size_t i = digits; i-- > 0; number /= 10) text[i] = static_cast<char>('0' + number % 10);
    return add({text.data(), digits});
  }
  std::string_view text() const { return {bytes_, size_}; }

 private:
  char bytes_[4096]; // POSIX: written to a pipe in one piece
  std::size_t size_ = 0;
};

// As iso8601() of base/clock.h, which allocates and takes the time zone's lock.
void add_time(Line& line) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::chrono::sys_seconds second{std::chrono::seconds(now.tv_sec)};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{second - day};
  line.add_number(static_cast<int>(date.year()), 4).add("-").add_number(static_cast<unsigned>(date.month()), 2);
  line.add("-").add_number(static_cast<unsigned>(date.day()), 2).add("T").add_number(time.hours().count(), 2);
  line.add(":").add_number(time.minutes().count(), 2).add(":").add_number(time.seconds().count(), 2);
  line.add(".").add_number(now.tv_nsec / 1'000'000, 3).add("Z");
}

void add_place(Line& line, const CallUnderWay& call) {
  if (call.callee == nullptr) {
    line.add(" outside plugin operations");
    return;
  }
  line.add(" in ").add(call.operation).add(" of ").add_plain(call.callee->instance);
}

void add_call(Line& line, const CallUnderWay& call) {
  if (call.callee == nullptr) return;
  line.add(call.callee->fields).add(R"(,"authd.plugin.operation":")").add(call.operation).add("\"");
}

void add_thread(Line& line) {
  char name[16] = {};
  if (::prctl(PR_GET_NAME, name) == 0) line.add(R"(,"process.thread.name":")").add_plain(name).add("\"");
}

// To the log's descriptor; elsewhere if its reader is stuck, because a process that crashes must not wait.
void write_out(std::string_view line, int fd) {
  pollfd writable{fd, POLLOUT, 0};
  const bool read = ::poll(&writable, 1, kStuckReader_ms) == 1 && (writable.revents & POLLOUT) != 0;
  [[maybe_unused]] const ssize_t n = ::write(read ? fd : STDERR_FILENO, line.data(), line.size());
}

// `what` and the place make the message. [async-signal-safe]
void report(const Reporting& to, std::string_view event, std::string_view what, const CallUnderWay& call) {
  Line line;
  line.add(R"({"@timestamp":")");
  add_time(line);
  line.add(R"(","log.level":"fatal","message":")").add(what);
  add_place(line, call);
  line.add("\"").add(to.constant_fields).add("\"").add(event).add("\"");
  add_call(line, call);
  add_thread(line);
  line.add("}\n");
  write_out(line.text(), to.fd);
}

std::size_t index_of(int signal) {
  const auto is = [signal](const Crash& crash) { return crash.number == signal; };
  return static_cast<std::size_t>(std::find_if(kCrashes.begin(), kCrashes.end(), is) - kCrashes.begin());
}

extern "C" void on_crash(int signal, siginfo_t* info, void*) {
  const Reporting& to = *reporting.load();
  const std::size_t index = index_of(signal);
  char what[32] = "received ";
  std::copy(kCrashes[index].name.begin(), kCrashes[index].name.end(), what + 9);
  report(to, "crashed", what, plugin::call_of_this_thread());
  ::sigaction(signal, &to.before[index], nullptr);
  // The faulty instruction runs again when this returns; a signal that was sent with kill() has to be sent again.
  if (info->si_code <= 0) ::syscall(SYS_tgkill, ::getpid(), ::syscall(SYS_gettid), signal);
}

extern "C" void on_long_exit(int) {
  report(*reporting.load(), "exit-forced", "the exit was held up for ten seconds by destructors of globals,",
         plugin::call_of_this_thread());
  ::_exit(EXIT_FAILURE);
}

// No signal handler, but the thread's own variables are destroyed already, the log's buffer among them.
void on_exit_called() noexcept {
  log_to_flush.load()->flush();
  report(*reporting.load(), "exit-called", "exit() was called", plugin::call_of_this_thread());
  ::_exit(EXIT_FAILURE); // destructors of globals would race with the threads that are left
}

void install(Reporting& to) {
  struct sigaction action {};
  action.sa_sigaction = &on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kCrashes.size(); ++i) ::sigaction(kCrashes[i].number, &action, &to.before[i]);
}

} // namespace

CrashReports::CrashReports(Log& log) {
  auto* to = new Reporting{std::string(log.constant_fields()), log.fd()};
  reporting.store(to);
  log_to_flush.store(&log);
  install(*to);
  plugin::set_exit_hook(&on_exit_called);
  plugin::register_exit_hook();
}

CrashReports::~CrashReports() {
  plugin::set_exit_hook(nullptr);
  std::signal(SIGALRM, &on_long_exit);
  ::alarm(kExit_s);
}

} // namespace authd::daemon
