// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctime>

#include <fmt/format.h>

namespace authd {

std::string iso8601(WallTime t) {
  const std::int64_t ms = unix_millis(t);
  const std::time_t s = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  gmtime_r(&s, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms % 1000);
}

} // namespace authd
