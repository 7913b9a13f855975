// SPDX-License-Identifier: Apache-2.0
#include "plugin/exit_hook.h"

#include <atomic>
#include <cstdlib>

namespace authd::plugin {
namespace {

std::atomic<ExitHook> exit_hook{nullptr};

extern "C" void run_exit_hook() {
  if (const ExitHook hook = exit_hook.load()) hook();
}

} // namespace

void set_exit_hook(ExitHook hook) { exit_hook.store(hook); }

void register_exit_hook() {
  // Without memory for one more, an earlier registration of it still comes, only later.
  [[maybe_unused]] const int refused = std::atexit(&run_exit_hook);
}

} // namespace authd::plugin
