// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <array>
#include <ctime>

#include <fmt/format.h>

namespace authd {
namespace {

// "2026-11-22T12:53:43.". In place, because a log line must not allocate once a second.
std::array<char, 20> up_to_seconds(std::int64_t unix_seconds) {
  const auto s = static_cast<std::time_t>(unix_seconds);
  std::tm utc{};
  gmtime_r(&s, &utc);
  std::array<char, 20> text{};
  fmt::format_to_n(text.begin(), text.size(), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.", utc.tm_year + 1900,
                   utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return text;
}

} // namespace

std::string iso8601(WallTime t) {
  std::string text;
  append_iso8601(text, t);
  return text;
}

std::string iso8601_of_seconds(std::int64_t unix_seconds) {
  const auto text = up_to_seconds(unix_seconds);
  return std::string(text.data(), text.size()) + "000Z";
}

void append_iso8601(std::string& out, WallTime t) {
  thread_local std::int64_t second = -1;
  thread_local std::array<char, 20> until_second;
  const std::int64_t ms = unix_millis(t);
  if (ms / 1000 != second) {
    second = ms / 1000;
    until_second = up_to_seconds(second);
  }
  const auto rest = static_cast<unsigned>(ms % 1000);
  const char millis[] = {static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                         static_cast<char>('0' + rest % 10), 'Z'};
  out.append(until_second.data(), until_second.size()).append(millis, sizeof(millis));
}

} // namespace authd
