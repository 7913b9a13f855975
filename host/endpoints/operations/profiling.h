// SPDX-License-Identifier: Apache-2.0
// /debug/profiling/*, which production does not serve.
#pragma once

#include "http/operation.h"

namespace authd::endpoints::operations {

extern const http::Operation kStartProfiling;  // POST start
extern const http::Operation kStopProfiling;   // POST stop
extern const http::Operation kProfilingStatus; // GET status
extern const http::Operation kListProfiles;    // GET reports
extern const http::Operation kGetProfile;      // GET report
extern const http::Operation kCleanUpProfiles; // POST cleanup

} // namespace authd::endpoints::operations
