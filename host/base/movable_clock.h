// SPDX-License-Identifier: Apache-2.0
// The clock of modules, keys and records, which tests move. The fast path has clock.h alone.
#pragma once

#include <string>
#include <utility>

#include "base/clock.h"

namespace authd {

class MovableClock {
 public:
  MovableClock() = default; // never moved
  // A file with milliseconds, which both clocks are ahead (AUTHD_TEST_CLOCK). It is read at each look at the clock:
  // what a test has written is what the next look sees. No file, or no number in it: 0.
  explicit MovableClock(std::string offset_file) : offset_file_(std::move(offset_file)) {}

  WallTime wall() const { return wall_now() + offset(); }
  SteadyTime steady() const { return steady_now() + offset(); }

 private:
  milliseconds offset() const { return offset_file_.empty() ? milliseconds(0) : read_offset(); }
  milliseconds read_offset() const;

  std::string offset_file_;
};

} // namespace authd
