// SPDX-License-Identifier: Apache-2.0
// What a service manager is told about the daemon's life: sd_notify(3), of which the protocol (one datagram
// to $NOTIFY_SOCKET) is documented as stable. libsystemd itself would bring five more libraries.
#pragma once

#include <string>
#include <string_view>

namespace authd {

class SystemdNotifier {
 public:
  SystemdNotifier(); // without $NOTIFY_SOCKET everything here does nothing
  void ready() const { notify("READY=1\n"); }
  void reloading() const; // systemd wants the monotonic time with it: Type=notify-reload
  void stopping() const { notify("STOPPING=1\n"); }

 private:
  void notify(std::string_view state) const;
  std::string socket_;
};

} // namespace authd
