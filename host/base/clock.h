// SPDX-License-Identifier: Apache-2.0
// Two clocks, never mixed: steady time for deadlines and ages, wall time for what leaves the process.
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
// Seconds since the epoch, 0 to 253402300799 (year 9999), which do not fit into 64-bit nanoseconds.
std::string iso8601_of_seconds(std::int64_t unix_seconds);
// Appends iso8601; formats all but the milliseconds once per second and thread.
void append_iso8601(std::string& out, WallTime t);

} // namespace authd
