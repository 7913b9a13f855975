// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "authd/views.hpp"

namespace authd::cache_redis {

// Counts what should not happen often, and logs the count: the first at once, then once a minute at most.
// [thread-safe]
class Tally {
 public:
  Tally(sdk::Host host, sdk::Level level, const char* event, const char* what)
      : host_(host), level_(level), event_(event), what_(what) {}

  void count() {
    const std::uint64_t total = total_.fetch_add(1, std::memory_order_relaxed) + 1;
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    auto next = next_line_.load(std::memory_order_relaxed);
    constexpr auto kPause = std::chrono::steady_clock::duration(std::chrono::minutes(1)).count();
    if (now < next || !next_line_.compare_exchange_strong(next, now + kPause)) return;
    host_.log(level_, event_, std::string(what_) + "; " + std::to_string(total) + " since start");
  }

 private:
  const sdk::Host host_;
  const sdk::Level level_;
  const char* const event_;
  const char* const what_;
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::chrono::steady_clock::rep> next_line_{0};
};

} // namespace authd::cache_redis
