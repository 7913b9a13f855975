// SPDX-License-Identifier: Apache-2.0
// Two clocks, never mixed: deadlines and ages are steady, what leaves the process is wall time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace authd {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline SteadyTime steady_now() { return std::chrono::steady_clock::now(); }
inline WallTime wall_now() { return std::chrono::system_clock::now(); }

inline std::int64_t unix_seconds(WallTime t) {
  return std::chrono::duration_cast<seconds>(t.time_since_epoch()).count();
}
inline std::int64_t unix_millis(WallTime t) {
  return std::chrono::duration_cast<milliseconds>(t.time_since_epoch()).count();
}

// "2026-11-22T12:53:43.123Z": ISO 8601, UTC, milliseconds.
std::string iso8601(WallTime t);
// Of seconds since the epoch, 0 to 253402300799 (year 9999), which nanoseconds would not hold.
std::string iso8601_of_seconds(std::int64_t unix_seconds);
// iso8601, appended; makes all but the milliseconds once a second and thread.
void append_iso8601(std::string& out, WallTime t);

} // namespace authd
