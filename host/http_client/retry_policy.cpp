// SPDX-License-Identifier: Apache-2.0
#include "http_client/retry_policy.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>
#include <string>

#include "net/backoff.h"

namespace authd::http_client {
namespace {

using How = AttemptEnd::How;

constexpr seconds kLongestRetryAfter{24 * 60 * 60};

bool is_worth_another(const AttemptEnd& end) {
  switch (end.how) {
  case How::no_answer:
  case How::dead_connection:
    return true;
  case How::answered:
    return end.status == 429 || (end.status >= 502 && end.status <= 504);
  case How::lost:
    break;
  }
  return false;
}

// RFC 9110, section 5.6.7, the form that servers must send: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<WallTime> parse_date(std::string_view text) {
  constexpr const char* kFormat = "%a, %d %b %Y %H:%M:%S GMT";
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  std::tm parts{};
  in >> std::get_time(&parts, kFormat);
  // It also takes a text that ends early for a date.
  std::ostringstream again;
  again.imbue(std::locale::classic());
  again << std::put_time(&parts, kFormat);
  if (in.fail() || again.str() != text) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

} // namespace

void RetryBudget::earn() {
  int have = tenths_.load(std::memory_order_relaxed);
  while (have < kMostSaved * kTenthsPerRetry &&
         !tenths_.compare_exchange_weak(have, have + 1, std::memory_order_relaxed)) {
  }
}

bool RetryBudget::spend() {
  int have = tenths_.load(std::memory_order_relaxed);
  while (have >= kTenthsPerRetry) {
    if (tenths_.compare_exchange_weak(have, have - kTenthsPerRetry, std::memory_order_relaxed)) return true;
  }
  return false;
}

RetryPolicy::RetryPolicy(RetrySettings settings, bool idempotent, RetryBudget& budget, const Chance& chance)
    : settings_(settings), idempotent_(idempotent), budget_(budget), chance_(chance) {
  budget_.earn();
}

std::optional<milliseconds> RetryPolicy::wait_before_next(const AttemptEnd& end, std::int64_t patience_ms) {
  ++attempts_;
  const bool is_first_dead = end.how == How::dead_connection && !met_dead_connection_;
  met_dead_connection_ = met_dead_connection_ || is_first_dead;
  if (!is_first_dead) ++counted_;
  if (!idempotent_ || !is_worth_another(end)) return std::nullopt;
  if (!is_first_dead && counted_ >= settings_.max_attempts) return std::nullopt;
  // Retry-After is told to many at once, so that the jitter comes on top of it: never earlier, not together.
  const milliseconds wait = is_first_dead ? milliseconds(0) : end.retry_after.value_or(milliseconds(0)) + backoff();
  if (wait.count() >= patience_ms || !budget_.spend()) return std::nullopt;
  return wait;
}

milliseconds RetryPolicy::backoff() const {
  const auto ceiling = static_cast<double>(net::doubled(settings_.base, counted_ - 1).count());
  return milliseconds(static_cast<std::int64_t>(chance_() * ceiling));
}

std::optional<milliseconds> parse_retry_after(std::string_view text, WallTime now) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size()) {
    return seconds(std::min<std::uint64_t>(count, kLongestRetryAfter.count()));
  }
  const auto date = parse_date(text);
  if (!date) return std::nullopt;
  const auto wait = std::chrono::ceil<milliseconds>(*date - now);
  return std::clamp<milliseconds>(wait, milliseconds(0), kLongestRetryAfter);
}

} // namespace authd::http_client
