// SPDX-License-Identifier: Apache-2.0
#include "http/http_date.h"

#include <fmt/format.h>

namespace authd::http {

// strftime would follow the locale.
void HttpDate::refresh(std::time_t now) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (now == at_) return;
  at_ = now;
  std::tm utc{};
  gmtime_r(&now, &utc);
  fmt::format_to_n(text_.begin(), text_.size(), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                   kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                   kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                   utc.tm_sec);
}

} // namespace authd::http
