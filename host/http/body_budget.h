// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>

namespace authd::http {

// What the bodies of all reactors hold together. [thread-safe]
class BodyBudget {
 public:
  // False, and nothing is taken, when all would then hold more than `limit`, which a reload may change.
  bool take(std::size_t bytes, std::size_t limit) {
    if (held_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> held_{0};
};

} // namespace authd::http
