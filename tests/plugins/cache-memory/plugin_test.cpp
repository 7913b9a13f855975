// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "authd/cache.h"
#include "plugin_host.h"

namespace authd::test {
namespace {

class CacheMemoryPlugin : public testing::Test {
 protected:
  PluginHost host_{PLUGIN_FILE, {{"/max_entries", std::int64_t{10}}}};
  TestCall call_;

  void SetUp() override { ASSERT_EQ(host_.create(), AUTHD_OK) << host_.lifecycle_call().message; }
  const authd_cache_ops& ops() const { return host_.ops<authd_cache_ops>(); }
  authd_status set(std::string_view key, std::string_view value, std::int64_t ttl = 60000) {
    return ops().set(host_.self(), call_.abi(), str(key), bytes(value), ttl, 0);
  }
  authd_status get(std::string_view key, TestOut& out) {
    return ops().get(host_.self(), call_.abi(), str(key), out.abi());
  }
};

TEST_F(CacheMemoryPlugin, SaysThatItNeverBlocksAndStaysInTheProcess) {
  EXPECT_STREQ(host_.component().kind, AUTHD_CACHE_V1);
  EXPECT_STREQ(host_.component().name, "cache-memory");
  EXPECT_EQ(ops().flags, AUTHD_CACHE_NONBLOCKING);
}

TEST_F(CacheMemoryPlugin, PutsAHitOnceAndAMissNever) {
  TestOut hit, stale, miss;
  ASSERT_EQ(set("consumer", "secret"), AUTHD_OK);
  EXPECT_EQ(get("consumer", hit), AUTHD_OK);
  EXPECT_EQ(hit.bytes, "secret");
  EXPECT_EQ(hit.puts, 1);
  EXPECT_EQ(ops().get_stale(host_.self(), call_.abi(), str("consumer"), stale.abi()), AUTHD_OK);
  EXPECT_EQ(stale.bytes, "secret");
  EXPECT_EQ(get("nobody", miss), AUTHD_NOT_FOUND);
  EXPECT_EQ(miss.puts, 0);
}

TEST_F(CacheMemoryPlugin, ReturnsTheStatusOfASinkThatRefuses) {
  TestOut full;
  full.refuses = true;
  set("consumer", "secret");
  EXPECT_EQ(get("consumer", full), AUTHD_INVALID);
}

TEST_F(CacheMemoryPlugin, SaysWhyItRefusesAValue) {
  EXPECT_EQ(set("consumer", std::string(2 << 20, 'v')), AUTHD_INVALID);
  EXPECT_NE(call_.message.find("1 MiB"), std::string::npos) << call_.message;
}

TEST_F(CacheMemoryPlugin, KeepsToItsSettingAndReportsIt) {
  for (int i = 0; i < 100; ++i) set("consumer" + std::to_string(i), "secret");
  authd_cache_stats stats{};
  stats.size = sizeof stats;
  EXPECT_EQ(ops().stats(host_.self(), call_.abi(), &stats), AUTHD_OK);
  EXPECT_EQ(stats.entries, 10u);
  EXPECT_EQ(stats.capacity, 10u);
  EXPECT_EQ(stats.evictions, 90u);
  EXPECT_GT(stats.bytes, 0u);

  EXPECT_EQ(ops().del(host_.self(), call_.abi(), str("consumer99")), AUTHD_OK);
  EXPECT_EQ(ops().del(host_.self(), call_.abi(), str("consumer99")), AUTHD_NOT_FOUND);
  TestOut out;
  EXPECT_EQ(get("consumer99", out), AUTHD_NOT_FOUND);
  EXPECT_EQ(ops().clear(host_.self(), call_.abi(), str("")), AUTHD_OK);
  ops().stats(host_.self(), call_.abi(), &stats);
  EXPECT_EQ(stats.entries, 0u);
}

} // namespace
} // namespace authd::test
