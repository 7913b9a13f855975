// SPDX-License-Identifier: Apache-2.0
// What lives as long as the process, whatever a reload replaces: whether it drains, what the service manager
// is told, profiling sessions, and where old generations end.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "daemon/memory_protection.h"
#include "daemon/telemetry.h"
#include "profiling/worker.h"
#include "telemetry/recent_events.h"

namespace authd::daemon {

// What a service manager is told about the daemon's life: sd_notify(3), of which the protocol (one datagram
// to $NOTIFY_SOCKET) is documented as stable. libsystemd itself would bring five more libraries.
// A service that stops never becomes ready again: after stopping() nothing else is sent. [thread-safe]
class SystemdNotifier {
 public:
  SystemdNotifier(); // without $NOTIFY_SOCKET everything here does nothing
  void ready();
  void reloading(); // systemd wants the monotonic time with it: Type=notify-reload
  // `at_most`: how long it takes, which the unit's TimeoutStopSec= may be too short for.
  void stopping(milliseconds at_most);
  // One line for people: what systemctl status shows, "Issuing tokens; 137 tokens/s". Each part is given by whom knows
  // it, and sent when the line differs from the last one.
  void status(std::string_view state);
  void rate(double tokens_per_s);
  bool is_listening() const { return !socket_.empty(); }
  // The unit's WatchdogSec=, which must not pass without a keep_alive(); none: the service manager does not watch.
  std::optional<std::chrono::microseconds> watchdog_interval() const;
  void keep_alive();

 private:
  void notify_unless_stopping(std::string_view state);
  void send_status();
  void notify(std::string_view state) const;
  std::string socket_;
  std::string state_; // of the status; this and the next two guarded by mutex_
  std::string rate_;
  std::string status_;    // as it was last sent
  std::mutex mutex_;      // held while sending, so that what is sent last was decided last
  bool stopping_ = false; // guarded by mutex_
};

// Ends old generations, one after the other: their last requests may wait for a gateway that hangs, and
// their plugins may take their time to stop.
class Retirement {
 public:
  Retirement();  // starts its one thread, so that a reload never needs one
  ~Retirement(); // after all that was enqueued has ended
  Retirement(const Retirement&) = delete;
  Retirement& operator=(const Retirement&) = delete;

  using Job = std::function<void()>; // must not throw
  // A list of the one job, made while a reload can still be refused.
  using Prepared = std::list<Job>;
  void enqueue(Prepared job) noexcept; // [thread-safe]

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Job> jobs_; // guarded by mutex_
  bool ending_ = false; // guarded by mutex_
  std::thread thread_;
};

class Lifecycle {
 public:
  // Both must outlive it.
  Lifecycle(Telemetry& telemetry, const MemoryProtection& memory) : telemetry_(telemetry), memory_(memory) {}

  // From here on nothing is ready and no configuration is swapped in; both for good.
  // `at_most`: how long the drain and the exit take.
  void begin_drain(milliseconds at_most);
  const std::atomic<bool>& draining() const { return draining_; }

  // Held while a configuration is swapped in, so that a drain begins before it or after it. Owns nothing: the
  // process drains, and nothing may be swapped in.
  std::unique_lock<std::mutex> permit_swap();

  SystemdNotifier& service_manager() { return service_manager_; }
  profiling::Worker& profiling() { return profiling_; }
  Retirement& retirement() { return retirement_; }
  Telemetry& telemetry() { return telemetry_; }
  const MemoryProtection& memory() const { return memory_; }
  telemetry::RecentEvents& recent_events() { return recent_events_; }

 private:
  std::mutex swapping_;
  std::atomic<bool> draining_{false};
  SystemdNotifier service_manager_;
  Telemetry& telemetry_;
  const MemoryProtection& memory_;
  telemetry::RecentEvents recent_events_;
  profiling::Worker profiling_;
  Retirement retirement_; // last: what it still ends refers to the rest
};

} // namespace authd::daemon
