// SPDX-License-Identifier: Apache-2.0
#include "base/movable_clock.h"

#include <cstdint>
#include <fstream>

namespace authd {

milliseconds MovableClock::read_offset() const {
  std::int64_t offset_ms = 0;
  std::ifstream file(offset_file_);
  return file >> offset_ms ? milliseconds(offset_ms) : milliseconds(0);
}

} // namespace authd
