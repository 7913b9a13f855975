// SPDX-License-Identifier: Apache-2.0
// Maps a plugin's file into the process, where it stays: a plugin's threads and thread-local destructors may
// outlive any moment at which unmapping would look safe.
#pragma once

#include <string>

#include "base/result.h"
#include "plugin/refusal.h"

namespace authd::plugin {

// A handle for dlsym. `path` is absolute and resolved; `sha256` is that of the bytes that were judged. A file
// that took the place of one that was mapped before is mapped beside it. Refused: what the dynamic linker
// refuses, and a file that was overwritten while it was mapped. [thread-safe]
Result<void*, Refusal> map_library(const std::string& path, const std::string& sha256);

// exit() in a plugin runs the destructors of every plugin's globals while the host's threads still use them.
// The hook is called before that.
using ExitHook = void (*)() noexcept;

// Called by exit(), on the thread that called it. nullptr: none. [thread-safe]
void set_exit_hook(ExitHook hook);

// Handlers run in reverse order of their registration: to be called after each mapping of a library, so that
// the hook comes before the destructors that this has registered. [thread-safe]
void register_exit_hook();

} // namespace authd::plugin
