// SPDX-License-Identifier: Apache-2.0
// Socket activation: sd_listen_fds(3). The service manager opened the listening socket, passes it as descriptor 3, and
// keeps it while authd restarts, so that a client who connects meanwhile waits instead of being refused.
#pragma once

#include <optional>

#include "config/loading.h"

namespace authd::daemon {

struct PassedListener {
  int descriptor = -1; // not closed by this
  config::ListeningAddress address;
};

// What $LISTEN_FDS, if $LISTEN_PID names this process, passes; none: nothing. Throws Refused, which names the line of
// the socket unit to mend, when that is more than one socket, or none that listens for TCP.
std::optional<PassedListener> passed_listener();

} // namespace authd::daemon
