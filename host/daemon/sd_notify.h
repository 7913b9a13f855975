// SPDX-License-Identifier: Apache-2.0
// What a service manager is told about the daemon's life: sd_notify(3), of which the protocol (one datagram
// to $NOTIFY_SOCKET) is documented as stable. libsystemd itself would bring five more libraries.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace authd::daemon {

// A service that stops never becomes ready again: after stopping() nothing else is sent. [thread-safe]
class SystemdNotifier {
 public:
  SystemdNotifier(); // without $NOTIFY_SOCKET everything here does nothing
  void ready();
  void reloading(); // systemd wants the monotonic time with it: Type=notify-reload
  void stopping();
  // One line for people: what systemctl status shows. Sent when it differs from the last one.
  void status(std::string_view text);
  bool is_listening() const { return !socket_.empty(); }

 private:
  void notify_unless_stopping(std::string_view state);
  void notify(std::string_view state) const;
  std::string socket_;
  std::string status_;    // as it was last sent, guarded by mutex_
  std::mutex mutex_;      // held while sending, so that what is sent last was decided last
  bool stopping_ = false; // guarded by mutex_
};

} // namespace authd::daemon
