// SPDX-License-Identifier: Apache-2.0
// A warm get is on every request's path: it must not touch the heap. In an executable of its own, because
// it replaces operator new.
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "fixtures.h"
#include "plugin/cache_tier.h"
#include "plugin/loader.h"

namespace {
thread_local std::size_t allocations = 0;
} // namespace

// noinline, or gcc sees free() meet operator new and warns.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace authd::plugin {

TEST(CacheTier, AllocatesNothingOnAWarmGet) {
  test::CapturedLog log;
  config::PluginUse use;
  use.plugin = "sample";
  const auto loaded = Loader({.strict_permissions = false, .require_pins = false}, {}, log.get())
                          .load(use, AUTHD_TEST_PLUGINS, "", AUTHD_CACHE_V1);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().line;
  const CacheTier tier(*loaded);
  std::string value;
  {
    Call call;
    ASSERT_EQ(tier.set(call, "consumer", std::string(500, 'v'), milliseconds(1000), milliseconds(0)), CallStatus::ok);
    ASSERT_EQ(tier.get(call, "consumer", value), CallStatus::ok);
  }
  const std::size_t before = allocations;
  Call call(steady_now() + milliseconds(100), "request-id");
  const CallStatus status = tier.get(call, "consumer", value);
  const std::size_t after = allocations;
  EXPECT_EQ(status, CallStatus::ok);
  EXPECT_EQ(value.size(), 500u);
  EXPECT_EQ(after - before, 0u);
  EXPECT_GT(before, 0u) << "the counter counts";
}

} // namespace authd::plugin
