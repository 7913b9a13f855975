// SPDX-License-Identifier: Apache-2.0
// exit() in a plugin runs the destructors of every plugin's globals while the host's threads still use them.
// The hook is called before that.
#pragma once

namespace authd::plugin {

using ExitHook = void (*)() noexcept;

// Called by exit(), on the thread that called it. nullptr: none. [thread-safe]
void set_exit_hook(ExitHook hook);

// Handlers run in reverse order of their registration: to be called after each mapping of a library, so that
// the hook comes before the destructors that this has registered. [thread-safe]
void register_exit_hook();

} // namespace authd::plugin
