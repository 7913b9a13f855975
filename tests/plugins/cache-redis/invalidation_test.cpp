// SPDX-License-Identifier: Apache-2.0
// What one instance drops, the others hear of; what they might have missed makes them start over.
#include "support/redis_server.h"
#include "tier_fixture.h"

namespace authd::test {
namespace {

class RedisInvalidation : public testing::Test {
 protected:
  RedisServer redis_;
  Tier one_{redis_.url()};
  Tier two_{redis_.url()};
};

TEST_F(RedisInvalidation, TellsTheOthersOfADeletionAndNotItself) {
  const std::string key("authd:v1:a b\r\n\0c", 16);
  ASSERT_TRUE(one_.drop(key));
  EXPECT_TRUE(two_.tiers().await_invalidated(key));
  ASSERT_TRUE(two_.drop("back"));
  EXPECT_TRUE(one_.tiers().await_invalidated("back")); // in order, so one_'s own came before
  EXPECT_EQ(one_.tiers().invalidated(key), 0);
}

TEST_F(RedisInvalidation, TellsTheOthersThatEverythingWasCleared) {
  ASSERT_EQ(one_.clear("authd:v1:"), AUTHD_OK);
  EXPECT_TRUE(two_.tiers().await_cleared(1));
  ASSERT_TRUE(two_.drop("back"));
  EXPECT_TRUE(one_.tiers().await_invalidated("back"));
  EXPECT_EQ(one_.tiers().cleared(), 0);
  EXPECT_EQ(one_.tiers().resyncs(), 0);
  EXPECT_EQ(two_.tiers().resyncs(), 0) << "nothing was missed";
}

// It has one word for both.
TEST_F(RedisInvalidation, TellsAHostOf1_0ToStartOverAfterAClear) {
  RecordedTiers of_1_0(true);
  PluginHost host(PLUGIN_FILE, {{"/url", redis_.url()}});
  host.offer(AUTHD_TIERS_V1, of_1_0.table());
  ASSERT_EQ(host.create(), AUTHD_OK);
  ASSERT_EQ(host.start(), AUTHD_OK);
  ASSERT_EQ(one_.clear("authd:v1:"), AUTHD_OK);
  EXPECT_TRUE(of_1_0.await_resyncs(1));
  EXPECT_EQ(of_1_0.cleared(), 0);
  EXPECT_EQ(host.stop(), AUTHD_OK);
}

TEST_F(RedisInvalidation, DoesNotStartOverWithoutAReason) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(one_.drop(std::to_string(i)));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(two_.tiers().await_invalidated(std::to_string(i)));
  EXPECT_EQ(one_.tiers().resyncs(), 0);
  EXPECT_EQ(two_.tiers().resyncs(), 0);
}

TEST_F(RedisInvalidation, PassesOverWhatOthersPublishOnItsChannel) {
  for (const char* noise : {"", "x", "0123456789abcdef", "0123456789abcdef k ", "0123456789abcdef b x",
                            "0123456789ABCDEF k x", "0123456789abcdef ax"})
    EXPECT_EQ(redis_.run({"PUBLISH", "authd:v1:invalidate", noise}), "2");
  redis_.run({"PUBLISH", "authd:v1:invalidate", "0123456789abcdef k real"});
  EXPECT_TRUE(one_.tiers().await_invalidated("real"));
  EXPECT_EQ(one_.tiers().invalidated("x"), 0);
  EXPECT_EQ(one_.tiers().invalidated(""), 0);
  EXPECT_EQ(one_.tiers().resyncs(), 0);
}

TEST_F(RedisInvalidation, StartsOverWhenTheSubscriptionWasCut) {
  redis_.run({"CLIENT", "KILL", "TYPE", "pubsub"});
  EXPECT_TRUE(one_.tiers().await_resyncs(1));
  EXPECT_TRUE(two_.tiers().await_resyncs(1));
  ASSERT_TRUE(one_.drop("k"));
  EXPECT_TRUE(two_.tiers().await_invalidated("k"));
}

TEST_F(RedisInvalidation, StartsOverWhenRedisComesBack) {
  redis_.kill();
  EXPECT_TRUE(one_.host().wait_for_log("redis-unsubscribed", 1));
  redis_.restart();
  EXPECT_TRUE(one_.tiers().await_resyncs(1));
  EXPECT_TRUE(two_.tiers().await_resyncs(1));
  EXPECT_TRUE(eventually([&] { return one_.drop("k"); }));
  EXPECT_TRUE(two_.tiers().await_invalidated("k"));
}

TEST_F(RedisInvalidation, NoticesALinkThatIsDeadWithoutAWord) {
  redis_.freeze();
  EXPECT_TRUE(one_.host().wait_for_log("redis-unsubscribed", 1, seconds(8)));
  EXPECT_EQ(one_.tiers().resyncs(), 0);
  redis_.thaw();
  EXPECT_TRUE(one_.tiers().await_resyncs(1));
}

TEST_F(RedisInvalidation, KeepsAQuietLink) {
  // Longer than it takes to give up a link whose PING is not answered.
  EXPECT_FALSE(one_.host().wait_for_log("redis-unsubscribed", 1, seconds(6)));
  EXPECT_EQ(one_.tiers().resyncs(), 0);
  ASSERT_TRUE(two_.drop("k"));
  EXPECT_TRUE(one_.tiers().await_invalidated("k"));
}

TEST(RedisInvalidationLater, StartsOverWhenRedisIsFoundOnlyAfterTheStart) {
  RedisServer redis;
  redis.kill();
  Tier tier(redis.url());
  EXPECT_EQ(tier.tiers().resyncs(), 0);
  redis.restart();
  EXPECT_TRUE(tier.tiers().await_resyncs(1));
}

} // namespace
} // namespace authd::test
