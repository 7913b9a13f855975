// SPDX-License-Identifier: Apache-2.0
#include "support/redis_server.h"
#include "tier_fixture.h"

namespace authd::test {
namespace {

class RedisClusterTier : public testing::Test {
 protected:
  RedisCluster redis_;
  Tier tier_{redis_.url()};

  // A key of node `i`.
  std::string key_at(std::size_t i) const {
    for (int n = 0;; ++n)
      if (const std::string key = "authd:v1:" + std::to_string(n); redis_.owner_of(key) == i) return key;
  }
  void migrate(const std::string& key, std::size_t from, std::size_t to) {
    const auto answer =
        redis_.node(from).run({"MIGRATE", "127.0.0.1", std::to_string(redis_.node(to).port()), key, "0", "10000"});
    ASSERT_EQ(answer, "OK");
  }
};

TEST_F(RedisClusterTier, SpreadsKeysOverAllMastersAndFindsThemAgain) {
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(tier_.set("authd:v1:" + std::to_string(i), std::to_string(i)), AUTHD_OK) << tier_.why();
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(tier_.get("authd:v1:" + std::to_string(i)), AUTHD_OK) << tier_.why();
    EXPECT_EQ(tier_.value(), std::to_string(i));
  }
  for (std::size_t i = 0; i < 3; ++i) EXPECT_GT(std::stoi(redis_.node(i).run({"DBSIZE"})), 0);
  EXPECT_EQ(tier_.health().state, AUTHD_HEALTH_UP);
  ASSERT_EQ(tier_.clear("authd:v1:"), AUTHD_OK) << tier_.why();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(redis_.node(i).run({"DBSIZE"}), "0");
}

TEST_F(RedisClusterTier, LetsNoNodeCopyFiftyMegabytesAndDeletesThemThere) {
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string key = key_at(i);
    RedisServer& node = redis_.node(i);
    node.run({"SETRANGE", key, "52428800", "x"});
    node.run({"CONFIG", "RESETSTAT"});
    EXPECT_EQ(tier_.get(key), AUTHD_NOT_FOUND) << tier_.why();
    EXPECT_EQ(node.calls_of("get"), 0u);
    EXPECT_EQ(node.run({"EXISTS", key}), "0");
  }
}

TEST_F(RedisClusterTier, FollowsASlotWhileItMovesAndAfterwards) {
  const std::string moved = key_at(0);
  const std::uint16_t slot = redis_.slot_of(moved);
  ASSERT_EQ(tier_.set(moved, "v"), AUTHD_OK);
  redis_.set_slot(1, slot, "IMPORTING", 0);
  redis_.set_slot(0, slot, "MIGRATING", 1);
  EXPECT_EQ(tier_.get(moved), AUTHD_OK) << tier_.why(); // still at the old node
  migrate(moved, 0, 1);
  EXPECT_EQ(tier_.get(moved), AUTHD_OK) << tier_.why(); // ASK
  EXPECT_EQ(tier_.set(moved, "w"), AUTHD_OK) << tier_.why();
  for (const std::size_t node : {1u, 0u, 2u}) redis_.set_slot(node, slot, "NODE", 1);
  EXPECT_EQ(tier_.get(moved), AUTHD_OK) << tier_.why(); // MOVED
  EXPECT_EQ(tier_.value(), "w");
  EXPECT_EQ(tier_.del(moved), AUTHD_OK) << tier_.why();
  EXPECT_EQ(tier_.get_stale(moved), AUTHD_NOT_FOUND);
}

TEST_F(RedisClusterTier, LearnsWhereASlotIsInsteadOfBeingSentThereForEver) {
  const std::string moved = key_at(0);
  const std::uint16_t slot = redis_.slot_of(moved);
  for (const std::size_t node : {1u, 0u, 2u}) redis_.set_slot(node, slot, "NODE", 1);
  const auto redirections = [&] { return redis_.node(0).run({"INFO", "errorstats"}); };
  EXPECT_TRUE(eventually(
      [&] {
        const std::string before = redirections();
        for (int i = 0; i < 5; ++i) EXPECT_EQ(tier_.get(moved), AUTHD_NOT_FOUND) << tier_.why();
        return redirections() == before;
      },
      seconds(5))); // without a doubt the map is fetched every ten
}

TEST_F(RedisClusterTier, ClearsASlotThatIsOnItsWay) {
  const std::string moved = key_at(0);
  const std::uint16_t slot = redis_.slot_of(moved);
  ASSERT_EQ(tier_.set(moved, "v"), AUTHD_OK);
  redis_.set_slot(1, slot, "IMPORTING", 0);
  redis_.set_slot(0, slot, "MIGRATING", 1);
  migrate(moved, 0, 1);
  ASSERT_EQ(tier_.clear("authd:v1:"), AUTHD_OK) << tier_.why();
  EXPECT_EQ(tier_.get_stale(moved), AUTHD_NOT_FOUND);
}

TEST_F(RedisClusterTier, TellsTheOthersWhereverTheyListen) {
  std::vector<std::unique_ptr<Tier>> others;
  for (std::size_t i = 0; i < 3; ++i)
    others.push_back(std::make_unique<Tier>("redis+cluster://127.0.0.1:" + std::to_string(redis_.node(i).port())));
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string key = key_at(i);
    ASSERT_TRUE(tier_.drop(key)) << tier_.why();
    for (const auto& other : others) EXPECT_TRUE(other->tiers().await_invalidated(key));
  }
}

TEST_F(RedisClusterTier, KeepsServingTheSlotsOfTheOthersWhenOneMasterIsGone) {
  for (std::size_t i = 0; i < 3; ++i) redis_.node(i).run({"CONFIG", "SET", "cluster-require-full-coverage", "no"});
  const std::string lost = key_at(1), kept = key_at(2);
  ASSERT_EQ(tier_.set(kept, "v"), AUTHD_OK);
  redis_.node(1).kill();
  EXPECT_TRUE(tier_.await(AUTHD_UNAVAILABLE, [&] { return tier_.get(lost); }));
  EXPECT_EQ(tier_.get(kept), AUTHD_OK) << tier_.why();
  const auto health = tier_.health();
  EXPECT_EQ(health.state, AUTHD_HEALTH_DEGRADED) << health.detail;
  redis_.node(1).restart();
  EXPECT_TRUE(tier_.await(AUTHD_NOT_FOUND, [&] { return tier_.get(lost); })) << tier_.why();
}

TEST(RedisClusterMistaken, ForASingleServerIsExplained) {
  RedisCluster redis;
  Tier tier(redis.node(0).url());
  bool explained = false;
  for (int i = 0; i < 20; ++i) {
    if (tier.get(std::to_string(i)) == AUTHD_UNAVAILABLE)
      explained = explained || tier.why().find("redis+cluster://") != std::string::npos;
  }
  EXPECT_TRUE(explained) << tier.why();
  RedisServer single;
  Tier other("redis+cluster://127.0.0.1:" + std::to_string(single.port()));
  EXPECT_EQ(other.get("k"), AUTHD_UNAVAILABLE);
}

} // namespace
} // namespace authd::test
