// SPDX-License-Identifier: Apache-2.0
// What a cache tier has to do, over a real Redis.
#include "support/redis_server.h"
#include "tier_fixture.h"

namespace authd::test {
namespace {

class RedisTier : public testing::Test {
 protected:
  RedisServer redis_;
  Tier tier_{redis_.url()};
};

TEST_F(RedisTier, SaysThatItIsRemoteAndMayBlock) {
  EXPECT_STREQ(tier_.host().component().kind, AUTHD_CACHE_V1);
  EXPECT_STREQ(tier_.host().component().name, "cache-redis");
  EXPECT_EQ(tier_.ops().flags, AUTHD_CACHE_REMOTE);
}

TEST_F(RedisTier, ReturnsWhatWasStoredByteForByte) {
  std::string value("\0\r\n$-1\r\n\xff", 9);
  value += std::string(1024 * 1024 - value.size(), 'v');
  const std::string key("authd:v1:\0*?\"\r\n", 15);
  ASSERT_EQ(tier_.set(key, value), AUTHD_OK) << tier_.why();
  ASSERT_EQ(tier_.get(key), AUTHD_OK) << tier_.why();
  EXPECT_TRUE(tier_.value() == value);
  ASSERT_EQ(tier_.set(key, ""), AUTHD_OK);
  ASSERT_EQ(tier_.get(key), AUTHD_OK);
  EXPECT_EQ(tier_.value(), "");
  EXPECT_EQ(tier_.get("authd:v1:nobody"), AUTHD_NOT_FOUND);
}

TEST_F(RedisTier, RefusesWhatIsTooLargeOrLivesInThePast) {
  EXPECT_EQ(tier_.set("k", std::string(1024 * 1024 + 1, 'v')), AUTHD_INVALID);
  EXPECT_EQ(tier_.set(std::string(4097, 'k'), "v"), AUTHD_INVALID);
  EXPECT_EQ(tier_.set("k", "v", milliseconds(0)), AUTHD_INVALID);
  EXPECT_EQ(tier_.set("k", "v", milliseconds(1), milliseconds(-1)), AUTHD_INVALID);
  EXPECT_EQ(redis_.run({"DBSIZE"}), "0");
}

TEST_F(RedisTier, KeepsAFreshAndAStaleCopyInOneKeyThatRedisForgets) {
  ASSERT_EQ(tier_.set("short", "v", milliseconds(1), seconds(60)), AUTHD_OK);
  EXPECT_TRUE(tier_.await(AUTHD_NOT_FOUND, [&] { return tier_.get("short"); }));
  EXPECT_EQ(tier_.get_stale("short"), AUTHD_OK);
  EXPECT_EQ(tier_.value(), "v");
  ASSERT_EQ(tier_.set("long", "v", seconds(100), seconds(200)), AUTHD_OK);
  const long left_ms = std::stol(redis_.run({"PTTL", "long"}));
  EXPECT_GT(left_ms, 290'000);
  EXPECT_LE(left_ms, 300'000);
  EXPECT_EQ(tier_.get_stale("long"), AUTHD_OK);
  EXPECT_EQ(redis_.run({"DBSIZE"}), "2");
  ASSERT_EQ(tier_.set("ever", "v", milliseconds(INT64_MAX), milliseconds(INT64_MAX)), AUTHD_OK) << tier_.why();
  EXPECT_EQ(tier_.get("ever"), AUTHD_OK);
}

TEST_F(RedisTier, ForgetsWhatWasDeletedForGetAndGetStale) {
  ASSERT_EQ(tier_.set("k", "v"), AUTHD_OK);
  ASSERT_EQ(tier_.del("k"), AUTHD_OK) << tier_.why();
  EXPECT_EQ(tier_.get("k"), AUTHD_NOT_FOUND);
  EXPECT_EQ(tier_.get_stale("k"), AUTHD_NOT_FOUND);
  EXPECT_EQ(tier_.del("never there"), AUTHD_NOT_FOUND);
  EXPECT_EQ(tier_.del("k"), AUTHD_NOT_FOUND) << "a tombstone is no value";
}

TEST_F(RedisTier, LetsNoFillThatWasOnItsWayUndoADeletion) {
  Tier other(redis_.url());
  ASSERT_EQ(tier_.set("k", "old"), AUTHD_OK);
  ASSERT_EQ(tier_.del("k"), AUTHD_OK);
  EXPECT_EQ(other.set("k", "old"), AUTHD_OK); // it read "old" from Kong a moment ago
  EXPECT_EQ(tier_.get_stale("k"), AUTHD_NOT_FOUND);
  const long left_ms = std::stol(redis_.run({"PTTL", "k"}));
  EXPECT_GT(left_ms, 1000);
  EXPECT_LE(left_ms, 6000);
  redis_.run({"PEXPIRE", "k", "1"});
  EXPECT_TRUE(eventually([&] {
    other.set("k", "new");
    return tier_.get("k") == AUTHD_OK;
  }));
  EXPECT_EQ(tier_.value(), "new");
}

TEST_F(RedisTier, ClearsByPrefixAndNothingElse) {
  for (int i = 0; i < 2000; ++i) redis_.run({"SET", "authd:v1:" + std::to_string(i), "x"});
  redis_.run({"LPUSH", "authd:v1:list", "x"});
  redis_.run({"SET", "authdXv1:1", "x"});
  redis_.run({"SET", "other", "x"});
  ASSERT_EQ(tier_.clear("authd:v1:"), AUTHD_OK) << tier_.why();
  EXPECT_EQ(redis_.run({"DBSIZE"}), "2");
  ASSERT_EQ(tier_.set("a*b", "v"), AUTHD_OK);
  ASSERT_EQ(tier_.set("aXb", "v"), AUTHD_OK);
  ASSERT_EQ(tier_.clear("a*"), AUTHD_OK);
  EXPECT_EQ(tier_.get("a*b"), AUTHD_NOT_FOUND);
  EXPECT_EQ(tier_.get("aXb"), AUTHD_OK);
}

TEST_F(RedisTier, ClearsAllThatIsItsOwnAndLeavesWhatOthersKeepInTheSameDatabase) {
  redis_.run({"SET", "other", "x"});
  redis_.run({"HSET", "others", "x", "y"});
  ASSERT_EQ(tier_.set("mine", "v"), AUTHD_OK);
  ASSERT_EQ(tier_.clear(""), AUTHD_OK);
  EXPECT_EQ(redis_.run({"EXISTS", "mine"}), "0");
  EXPECT_EQ(redis_.run({"EXISTS", "other", "others"}), "2");
}

TEST_F(RedisTier, ClearsWithoutLiftingATombstone) {
  ASSERT_TRUE(tier_.drop("authd:v1:k"));
  ASSERT_EQ(tier_.clear("authd:v1:"), AUTHD_OK);
  ASSERT_EQ(tier_.set("authd:v1:k", "old"), AUTHD_OK);
  EXPECT_EQ(tier_.get_stale("authd:v1:k"), AUTHD_NOT_FOUND);
}

TEST_F(RedisTier, FindsItsScriptsAgainAfterRedisForgotThem) {
  ASSERT_EQ(tier_.set("k", "v"), AUTHD_OK);
  redis_.run({"SCRIPT", "FLUSH"});
  EXPECT_EQ(tier_.set("k", "w"), AUTHD_OK) << tier_.why();
  redis_.run({"SCRIPT", "FLUSH"});
  EXPECT_EQ(tier_.del("k"), AUTHD_OK) << tier_.why();
}

TEST_F(RedisTier, ReturnsTheStatusOfASinkThatRefuses) {
  ASSERT_EQ(tier_.set("k", "v"), AUTHD_OK);
  TestCall call;
  TestOut full;
  full.refuses = true;
  EXPECT_EQ(tier_.ops().get(tier_.host().self(), call.abi(), str("k"), full.abi()), AUTHD_INVALID);
}

TEST_F(RedisTier, ReportsItsHealthWithoutCredentials) {
  const auto up = tier_.health();
  EXPECT_EQ(up.state, AUTHD_HEALTH_UP);
  EXPECT_EQ(up.endpoint, redis_.url() + "/0");
  redis_.kill();
  EXPECT_TRUE(eventually([&] { return tier_.health().state == AUTHD_HEALTH_DOWN; }));
  EXPECT_NE(tier_.health().detail.find("refused"), std::string::npos) << tier_.health().detail;
}

TEST_F(RedisTier, RunsWithoutAHostThatListens) {
  PluginHost host(PLUGIN_FILE, {{"/url", redis_.url()}});
  ASSERT_EQ(host.create(), AUTHD_OK);
  ASSERT_EQ(host.start(), AUTHD_OK);
  TestCall call;
  EXPECT_EQ(host.ops<authd_cache_ops>().del(host.self(), call.abi(), str("k")), AUTHD_NOT_FOUND);
  EXPECT_TRUE(tier_.tiers().await_invalidated("k"));
  EXPECT_EQ(host.stop(), AUTHD_OK);
}

// Redis cannot tell without a scan.
TEST_F(RedisTier, SaysThatItDoesNotKnowHowManyEntriesThereAre) {
  ASSERT_EQ(tier_.set("k", "v"), AUTHD_OK);
  authd_cache_stats stats{};
  stats.size = sizeof stats;
  TestCall call;
  ASSERT_EQ(tier_.ops().stats(tier_.host().self(), call.abi(), &stats), AUTHD_OK);
  EXPECT_EQ(stats.entries, UINT64_MAX);
  EXPECT_EQ(stats.bytes, 0u);
}

TEST(RedisTierDatabase, UsesTheOneOfTheSettings) {
  RedisServer redis;
  Tier tier(redis.url() + "/7");
  ASSERT_EQ(tier.set("k", "v"), AUTHD_OK);
  EXPECT_EQ(redis.run({"DBSIZE"}), "0");
  EXPECT_NE(redis.run({"INFO", "keyspace"}).find("db7:keys=1"), std::string::npos);
  Tier same(redis.url(), {{"/db", std::int64_t{7}}});
  EXPECT_EQ(same.get("k"), AUTHD_OK);
}

TEST(RedisTierSocket, ListensOnAUnixSocketToo) {
  TempDir folder;
  const std::string path = (folder.path() / "redis.sock").string();
  RedisServer redis({"--unixsocket", path});
  Tier tier("unix://" + path);
  ASSERT_EQ(tier.set("k", "v"), AUTHD_OK) << tier.why();
  EXPECT_EQ(tier.get("k"), AUTHD_OK);
  EXPECT_EQ(tier.health().endpoint, "unix://" + path);
}

} // namespace
} // namespace authd::test
