// SPDX-License-Identifier: Apache-2.0
#include <Poco/Exception.h>

#include "support/redis_server.h"
#include "tier_fixture.h"

namespace authd::test {
namespace {

// Empty when the connection was closed: a sentinel disconnects all clients of a server whose role it changes.
std::string role_of(const RedisServer& server) {
  try {
    return server.run({"ROLE"});
  } catch (const Poco::Exception&) {
    return {};
  }
}

TEST(RedisSentinel, FollowsTheMasterWhenItIsKilled) {
  RedisSentinels redis;
  Tier one(redis.url());
  Tier two(redis.url());
  ASSERT_EQ(one.set("k", "v"), AUTHD_OK) << one.why();
  ASSERT_EQ(redis.first_master().run({"WAIT", "1", "10000"}), "1");
  redis.first_master().kill();
  ASSERT_TRUE(redis.await_failover());
  EXPECT_TRUE(eventually([&] { return one.set("new", "v") == AUTHD_OK; }, seconds(20))) << one.why();
  EXPECT_EQ(one.get_stale("k"), AUTHD_OK) << one.why();
  EXPECT_EQ(redis.first_replica().run({"EXISTS", "new"}), "1");

  // The subscriptions have moved as well.
  EXPECT_TRUE(two.tiers().await_resyncs(1, seconds(20)));
  EXPECT_TRUE(
      eventually([&] { return one.drop("k") && two.tiers().await_invalidated("k", 1, seconds(1)); }, seconds(20)));
}

TEST(RedisSentinel, FollowsTheMasterWhenItIsFrozenAndComesBackAsAReplica) {
  RedisSentinels redis;
  Tier tier(redis.url());
  ASSERT_EQ(tier.set("k", "v"), AUTHD_OK) << tier.why();
  redis.first_master().freeze();
  ASSERT_TRUE(redis.await_failover());
  tier.limit(milliseconds(300));
  EXPECT_TRUE(eventually([&] { return tier.set("new", "v") == AUTHD_OK; }, seconds(20))) << tier.why();
  redis.first_master().thaw();
  EXPECT_TRUE(eventually([&] { return role_of(redis.first_master()).rfind("slave", 0) == 0; }, seconds(20)));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(tier.set(std::to_string(i), "v"), AUTHD_OK) << tier.why();
  EXPECT_EQ(redis.first_replica().run({"EXISTS", "19"}), "1");
}

TEST(RedisSentinel, NeedsOneSentinelOfSeveral) {
  RedisSentinels redis("sentinel-password");
  redis.sentinel(0).signal(SIGKILL);
  redis.sentinel(1).signal(SIGSTOP);
  Tier tier(redis.url(), {{"/sentinel_password", std::string("sentinel-password")}});
  EXPECT_TRUE(tier.await(AUTHD_OK, [&] { return tier.set("k", "v"); })) << tier.why();
  redis.sentinel(2).signal(SIGKILL);
  EXPECT_TRUE(tier.host().wait_for_log("redis-sentinels-down", 1));
  EXPECT_EQ(tier.get("k"), AUTHD_OK); // the master that is known goes on
  redis.sentinel(1).signal(SIGCONT);
}

TEST(RedisSentinel, SaysWhichSettingIsWrong) {
  RedisSentinels redis("sentinel-password");
  Tier closed(redis.url());
  EXPECT_EQ(closed.get("k"), AUTHD_DENIED);
  EXPECT_NE(closed.why().find("sentinel_password"), std::string::npos) << closed.why();
  std::string url = redis.url();
  url.replace(url.rfind('/') + 1, std::string::npos, "another");
  Tier unknown(url, {{"/sentinel_password", std::string("sentinel-password")}});
  EXPECT_EQ(unknown.get("k"), AUTHD_UNAVAILABLE);
  EXPECT_NE(unknown.why().find("does not know a master"), std::string::npos) << unknown.why();
}

} // namespace
} // namespace authd::test
