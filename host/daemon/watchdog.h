// SPDX-License-Identifier: Apache-2.0
// The signals of the daemon's life, and the one thread that takes them, instead of handlers: nothing in the process
// can hold it up. It says which plugin does not return, and ends the process when its end is held up.
// Poco::Util::ServerApplication waits for INT, QUIT and TERM only and blocks a second TERM.
#pragma once

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "plugin/overruns.h"

namespace authd::daemon {

sigset_t watched_signals(); // TERM, INT and HUP
std::string_view name_of_signal(int number);

// HUP stays pending until the watchdog takes it, PIPE and USR1 are ignored. TERM and INT still end the process.
void hold_reloads();
// All of watched_signals() wait from here on. Must be called before any thread starts, so that all inherit.
void block_signals();
// TERM and INT end the process again, those too that were waiting.
void unblock_signals();

// Ends the process as if it had never watched this signal.
[[noreturn]] void die_of(int signal);

// TERM or INT: during the start ends the process at once, by that signal; the first one afterwards begins the
// end that await_end() waits for; the next one ends the process at once with status 1. HUP during the start
// is kept until then.
class Watchdog {
 public:
  explicit Watchdog(Log& log); // after block_signals(); the log must outlive it
  ~Watchdog();                 // from then on TERM and INT end the process, as in any other
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void serving(); // the start is over: from here on there may be requests to answer

  // The first TERM or INT after the start. [may-block]
  int await_end();
  // The next HUP after the start, several at once counting as one. False: stop_reloads() was called.
  // [may-block]
  bool await_reload();
  void stop_reloads();

  // Once it has passed, the process exits with status 1.
  void exit_by(SteadyTime limit) { exit_by_.store(limit.time_since_epoch().count()); }

 private:
  enum class Phase { starting, serving, ending };

  void watch();
  void prepare();
  int timeout_ms() const;
  void take(int signal);
  void take_ending(int signal);
  [[noreturn]] void end_start(int signal);
  [[noreturn]] void end_at_once(Level level, std::string_view event, const std::string& why);
  void say_end(Level level, std::string_view event, const std::string& why);
  SteadyTime exit_limit() const { return SteadyTime(SteadyTime::duration(exit_by_.load())); }

  Log& log_;
  plugin::Overruns overruns_; // the thread's
  int stop_fd_;               // eventfd
  int signal_fd_;             // signalfd
  std::atomic<SteadyTime::rep> exit_by_{SteadyTime::max().time_since_epoch().count()};
  std::mutex mutex_;
  std::condition_variable changed_;
  Phase phase_ = Phase::starting; // and the rest, guarded by mutex_
  bool prepared_ = false;
  int ending_signal_ = 0;
  bool reload_wanted_ = false;
  bool reloads_stopped_ = false;
  std::thread thread_;
};

} // namespace authd::daemon
