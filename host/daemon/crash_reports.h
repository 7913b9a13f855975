// SPDX-License-Identifier: Apache-2.0
// A crash, and an exit() that is not authd's own, leave one line in the log that names the plugin and the
// operation of the thread. The signal then takes its usual course: status, core dump, a sanitizer's report.
#pragma once

#include "base/log.h"
#include "base/signal_stack.h"

namespace authd::daemon {

// One for the process. After its end crashes are still reported, and the process may end; if the destructors
// of a plugin's globals hold that up for ten seconds, a line says so and the exit status is 1.
class CrashReports {
 public:
  explicit CrashReports(Log& log); // must outlive it
  ~CrashReports();
  CrashReports(const CrashReports&) = delete;
  CrashReports& operator=(const CrashReports&) = delete;

 private:
  const SignalStack stack_; // the main thread's
};

} // namespace authd::daemon
