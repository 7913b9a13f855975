// SPDX-License-Identifier: Apache-2.0
// A cache whose time stands still until a test moves it.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "memory_cache.h"

namespace authd::cache_memory {

using Age = MemoryCache::Age;
using Stored = MemoryCache::Stored;

struct CacheUnderTest {
  std::atomic<std::int64_t> now{1000};
  MemoryCache cache;

  explicit CacheUnderTest(std::size_t max_entries = 100000) : cache(max_entries, [this] { return now.load(); }) {}

  std::optional<std::string> get(std::string_view key, Age age = Age::fresh) const {
    std::optional<std::string> value;
    cache.get(key, age, [&](std::string_view v) { value = v; });
    return value;
  }
  Stored set(std::string_view key, std::string_view value, std::int64_t ttl = 1000, std::int64_t stale = 0) {
    return cache.set(key, value, ttl, stale);
  }
};

// The n-th UUID.
inline std::string id_of(std::uint64_t n) {
  std::string id = "00000000-0000-4000-8000-" + std::string(12, '0');
  for (auto p = id.rbegin(); n != 0; n /= 16, ++p) *p = "0123456789abcdef"[n % 16];
  return id;
}

} // namespace authd::cache_memory
