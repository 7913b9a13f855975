// SPDX-License-Identifier: Apache-2.0
#include "daemon/watchdog.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace authd::daemon {
namespace {

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  return set;
}

constexpr milliseconds kLook{500};

int checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::system_category(), what);
  return fd;
}

} // namespace

sigset_t watched_signals() { return set_of({SIGTERM, SIGINT, SIGHUP}); }

std::string_view name_of_signal(int number) {
  switch (number) {
  case SIGTERM:
    return "SIGTERM";
  case SIGINT:
    return "SIGINT";
  default:
    return "SIGHUP";
  }
}

void hold_reloads() {
  const sigset_t set = set_of({SIGHUP});
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGUSR1, SIG_IGN); // its default would end authd, for whom it means nothing
}

void block_signals() {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

void unblock_signals() {
  const sigset_t set = set_of({SIGTERM, SIGINT});
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void die_of(int signal) {
  std::signal(signal, SIG_DFL);
  const sigset_t set = set_of({signal});
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::_exit(128 + signal); // the kernel spares process 1 of a container
}

Watchdog::Watchdog(Log& log) : log_(log), overruns_(log), stop_fd_(checked(::eventfd(0, EFD_CLOEXEC), "eventfd")) {
  const sigset_t set = watched_signals();
  signal_fd_ = checked(::signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
  thread_ = std::thread([this] { watch(); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return prepared_; });
}

Watchdog::~Watchdog() {
  const std::uint64_t one = 1;
  if (::write(stop_fd_, &one, sizeof(one)) != sizeof(one)) std::abort(); // an eventfd of ours cannot be full
  thread_.join();
  ::close(signal_fd_);
  ::close(stop_fd_);
  unblock_signals();
}

void Watchdog::serving() {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::serving;
  changed_.notify_all();
}

int Watchdog::await_end() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return phase_ == Phase::ending; });
  return ending_signal_;
}

bool Watchdog::await_reload() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return reloads_stopped_ || (reload_wanted_ && phase_ != Phase::starting); });
  return !reloads_stopped_ && std::exchange(reload_wanted_, false);
}

void Watchdog::stop_reloads() {
  const std::lock_guard lock(mutex_);
  reloads_stopped_ = true;
  changed_.notify_all();
}

void Watchdog::watch() {
  prepare();
  pollfd both[2] = {{signal_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
  for (;;) {
    const int ready = ::poll(both, 2, timeout_ms());
    const SteadyTime now = steady_now();
    overruns_.look(now);
    if (now >= exit_limit()) end_at_once(Level::fatal, "exit-forced", "authd did not exit in time");
    if (ready <= 0) continue;
    signalfd_siginfo received{};
    if ((both[0].revents & POLLIN) != 0 && ::read(signal_fd_, &received, sizeof(received)) == sizeof(received))
      take(static_cast<int>(received.ssi_signo));
    if ((both[1].revents & POLLIN) != 0) return;
  }
}

// Before any plugin can hold a lock that this thread would need later.
void Watchdog::prepare() {
  pthread_setname_np(pthread_self(), "watchdog");
  log_.prepare_thread();
  const std::lock_guard lock(mutex_);
  prepared_ = true;
  changed_.notify_all();
}

int Watchdog::timeout_ms() const {
  const auto left = exit_limit() - std::min(steady_now(), exit_limit());
  return static_cast<int>(std::chrono::ceil<milliseconds>(std::min<SteadyTime::duration>(left, kLook)).count());
}

void Watchdog::take(int signal) {
  if (signal != SIGHUP) return take_ending(signal);
  const std::lock_guard lock(mutex_);
  reload_wanted_ = true;
  changed_.notify_all();
}

void Watchdog::take_ending(int signal) {
  std::unique_lock lock(mutex_);
  switch (phase_) {
  case Phase::starting:
    end_start(signal);
  case Phase::serving:
    phase_ = Phase::ending;
    ending_signal_ = signal;
    changed_.notify_all();
    return;
  case Phase::ending:
    end_at_once(Level::error, "exit-forced", fmt::format("received {} again", name_of_signal(signal)));
  }
}

// No request has been accepted yet, so there is nothing to answer or to hand over.
void Watchdog::end_start(int signal) {
  const bool held = overruns_.first_holder().callee != nullptr;
  say_end(held ? Level::error : Level::info, "start-ended",
          fmt::format("received {} before authd was ready", name_of_signal(signal)));
  die_of(signal);
}

void Watchdog::end_at_once(Level level, std::string_view event, const std::string& why) {
  say_end(level, event, why);
  ::_exit(EXIT_FAILURE);
}

void Watchdog::say_end(Level level, std::string_view event, const std::string& why) {
  log_.set_tap(nullptr); // the process ends before anything else could be exported
  const plugin::CallUnderWay call = overruns_.first_holder();
  if (call.callee == nullptr) {
    log_.write(level, event, why + "; no plugin held it");
  } else {
    log_.write(level, event, fmt::format("{}; held by {}", why, overruns_.holders()),
               {{"authd.plugin.id", call.callee->plugin_id},
                {"authd.plugin.instance", call.callee->instance},
                {"authd.plugin.operation", call.operation}});
  }
  log_.flush();
}

} // namespace authd::daemon
