// SPDX-License-Identifier: Apache-2.0
// The signals of the daemon's life, taken by one thread (watchdog.h) instead of by handlers.
// Poco::Util::ServerApplication waits for INT, QUIT and TERM only and blocks a second TERM.
#pragma once

#include <csignal>
#include <string_view>

namespace authd::daemon {

sigset_t watched_signals(); // TERM, INT and HUP
std::string_view name_of_signal(int number);

// HUP waits until there is somebody to take it, PIPE and USR1 are ignored. TERM and INT still end the process.
void hold_reloads();
// All of watched_signals() wait from here on. Must be called before any thread starts, so that all inherit.
void block_signals();
// TERM and INT end the process again, those too that were waiting.
void unblock_signals();

// Ends the process as if it had never watched this signal.
[[noreturn]] void die_of(int signal);

} // namespace authd::daemon
