// SPDX-License-Identifier: Apache-2.0
#include "endpoints/rate_limit_fields.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.h"

namespace authd::endpoints {
namespace {

// The values of one answer's fields, one behind the other: 20 digits each and what stands between them.
struct Text {
  std::array<char, 160> buffer;
  std::size_t used = 0;

  template <class... Args>
  std::string_view print(fmt::format_string<Args...> format, Args&&... args) {
    char* const begin = buffer.data() + used;
    const auto done = fmt::format_to_n(begin, buffer.size() - used, format, std::forward<Args>(args)...);
    used += static_cast<std::size_t>(done.out - begin);
    return {begin, static_cast<std::size_t>(done.out - begin)};
  }
};

struct Fields {
  Text text;
  std::array<http::HeaderField, 5> fields;
};

std::int64_t in_seconds(milliseconds time) { return std::chrono::ceil<seconds>(time).count(); }

} // namespace

// A window of less than a second is one of a second: the draft has whole seconds.
RateLimitFields::RateLimitFields(const config::RateLimit& settings)
    : settings_(settings),
      policy_(fmt::format(R"("default";q={};w={})", settings.max_requests, in_seconds(settings.window))) {}

std::span<const http::HeaderField> RateLimitFields::of(const RateVerdict& verdict) const {
  if (verdict.limit == 0) return {};
  thread_local Fields now;
  now.text.used = 0;
  now.fields[0] = {"RateLimit-Policy", policy_};
  now.fields[1] = {"RateLimit", now.text.print(R"("default";r={};t={})", verdict.remaining, in_seconds(verdict.next))};
  if (!settings_.legacy_headers) return std::span(now.fields).first(2);
  now.fields[2] = {"X-RateLimit-Limit", now.text.print("{}", verdict.limit)};
  now.fields[3] = {"X-RateLimit-Remaining", now.text.print("{}", verdict.remaining)};
  const auto whole_at = unix_seconds(wall_now() + verdict.whole + milliseconds(999));
  now.fields[4] = {"X-RateLimit-Reset", now.text.print("{}", whole_at)};
  return now.fields;
}

Error RateLimitFields::refusal(const RateVerdict& verdict) const {
  const std::int64_t wait = std::max<std::int64_t>(1, in_seconds(verdict.next));
  return {Code::rate_limited,
          fmt::format("More than {} tokens within {} ms; use one until it expires", settings_.max_requests,
                      settings_.window.count()),
          seconds(wait), verdict.shared ? "counted over all instances" : "counted by this instance"};
}

} // namespace authd::endpoints
