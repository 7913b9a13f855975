// SPDX-License-Identifier: Apache-2.0
// Redis away, frozen, full, read-only, locked: what each operation answers, and that all comes back.
#include <atomic>
#include <filesystem>
#include <thread>

#include "support/redis_server.h"
#include "tier_fixture.h"

namespace authd::test {
namespace {

constexpr seconds kFarBeyond{3}; // what a bound must stay under that is meant to be far less

class RedisFaults : public testing::Test {
 protected:
  RedisServer redis_;
  Tier tier_{redis_.url()};

  void SetUp() override { ASSERT_EQ(tier_.set("k", "v"), AUTHD_OK) << tier_.why(); }
};

TEST_F(RedisFaults, KeepsToTheDeadlineWhileRedisIsFrozenAndComesBackByItself) {
  redis_.freeze();
  tier_.limit(milliseconds(100));
  for (int i = 0; i < 30; ++i) {
    const Stopwatch watch;
    const auto status = i % 2 == 0 ? tier_.get("k") : tier_.set("k", "w");
    EXPECT_TRUE(status == AUTHD_TIMEOUT || status == AUTHD_UNAVAILABLE) << status;
    EXPECT_LT(watch.elapsed(), kFarBeyond);
  }
  redis_.thaw();
  tier_.limit(seconds(5));
  EXPECT_TRUE(tier_.await(AUTHD_OK, [&] { return tier_.get("k"); }));
}

TEST_F(RedisFaults, NeverTakesALateAnswerForThatOfAnotherKey) {
  for (int i = 0; i < 20; ++i) ASSERT_EQ(tier_.set(std::to_string(i), "value " + std::to_string(i)), AUTHD_OK);
  for (int round = 0; round < 5; ++round) {
    redis_.freeze();
    tier_.limit(milliseconds(60));
    for (int i = 0; i < 4; ++i) tier_.get(std::to_string(i));
    redis_.thaw();
    tier_.limit(seconds(5));
    for (int i = 10; i < 20; ++i) {
      EXPECT_TRUE(tier_.await(AUTHD_OK, [&] { return tier_.get(std::to_string(i)); }));
      EXPECT_EQ(tier_.value(), "value " + std::to_string(i));
    }
  }
}

TEST_F(RedisFaults, ComesBackAfterRedisWasKilledAndStartedEmpty) {
  redis_.kill();
  const Stopwatch watch;
  EXPECT_TRUE(tier_.await(AUTHD_UNAVAILABLE, [&] { return tier_.get("k"); }));
  EXPECT_NE(tier_.why().find("127.0.0.1:" + std::to_string(redis_.port())), std::string::npos) << tier_.why();
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(tier_.get("k"), AUTHD_UNAVAILABLE);
  EXPECT_LT(watch.elapsed(), kFarBeyond); // a connect_timeout for each would be hours
  EXPECT_TRUE(tier_.host().wait_for_log("redis-down", 1));
  redis_.restart();
  EXPECT_TRUE(tier_.host().wait_for_log("redis-up", 1));
  EXPECT_EQ(tier_.get("k"), AUTHD_NOT_FOUND);
  EXPECT_EQ(tier_.set("k", "w"), AUTHD_OK) << tier_.why();
}

TEST_F(RedisFaults, StartsWhileRedisIsAwayAndFindsItLater) {
  redis_.kill();
  Tier late(redis_.url());
  EXPECT_EQ(late.get("k"), AUTHD_UNAVAILABLE);
  EXPECT_EQ(late.health().state, AUTHD_HEALTH_DOWN);
  redis_.restart();
  EXPECT_TRUE(late.await(AUTHD_NOT_FOUND, [&] { return late.get("k"); }));
}

TEST_F(RedisFaults, HidesThatIdleConnectionsWereClosed) {
  for (int i = 0; i < 30; ++i) {
    redis_.run({"CLIENT", "KILL", "TYPE", "normal"});
    EXPECT_EQ(tier_.get("k"), AUTHD_OK) << tier_.why();
  }
}

TEST_F(RedisFaults, SharesNoMoreConnectionsThanItMayHave) {
  Tier few(redis_.url(), {{"/pool_size", std::int64_t{3}}});
  std::vector<std::thread> users;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 12; ++t) {
    users.emplace_back([&, t] {
      const std::string key = "key " + std::to_string(t);
      for (int i = 0; i < 100; ++i) {
        TestCall call;
        TestOut out;
        const std::string value = key + " value " + std::to_string(i);
        const auto& ops = few.ops();
        void* self = few.host().self();
        if (ops.set(self, call.abi(), str(key), bytes(value), 60000, 0) != AUTHD_OK) ++wrong;
        if (ops.get(self, call.abi(), str(key), out.abi()) != AUTHD_OK || out.bytes != value) ++wrong;
      }
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_EQ(wrong, 0);
  // Those three and a subscriber; the other tier has two, and the question itself is one.
  const std::string clients = redis_.run({"INFO", "clients"});
  EXPECT_NE(clients.find("connected_clients:"), std::string::npos);
  EXPECT_LE(std::stoi(clients.substr(clients.find("connected_clients:") + 18)), 3 + 1 + 2 + 1);
}

TEST_F(RedisFaults, SaysThatItIsFullAndStillDeletes) {
  Tier other(redis_.url());
  redis_.run({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(tier_.set("k2", "v"), AUTHD_UNAVAILABLE);
  EXPECT_NE(tier_.why().find("full"), std::string::npos) << tier_.why();
  EXPECT_EQ(tier_.get("k"), AUTHD_OK);
  EXPECT_EQ(tier_.del("k"), AUTHD_OK) << tier_.why();
  EXPECT_EQ(tier_.get_stale("k"), AUTHD_NOT_FOUND);
  EXPECT_TRUE(other.tiers().await_invalidated("k"));
  EXPECT_TRUE(tier_.host().wait_for_log("redis-no-tombstone", 1));
  redis_.run({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(tier_.set("k", "v"), AUTHD_OK) << tier_.why();
}

TEST_F(RedisFaults, SaysThatItIsAReadOnlyReplicaAndGoesOnWhenItIsNoMore) {
  redis_.run({"REPLICAOF", "127.0.0.1", std::to_string(free_port())});
  EXPECT_EQ(tier_.set("k", "w"), AUTHD_UNAVAILABLE);
  EXPECT_NE(tier_.why().find("read-only"), std::string::npos) << tier_.why();
  EXPECT_EQ(tier_.del("k"), AUTHD_UNAVAILABLE);
  redis_.run({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(tier_.set("k", "w"), AUTHD_OK) << tier_.why();
}

TEST_F(RedisFaults, WaitsNoLongerThanTheCallForAServerThatSwallowsPackets) {
  Tier nowhere("redis://192.0.2.1:6379"); // RFC 5737: leads nowhere
  nowhere.limit(milliseconds(100));
  const Stopwatch watch;
  EXPECT_NE(nowhere.get("k"), AUTHD_OK);
  EXPECT_LT(watch.elapsed(), kFarBeyond);
}

std::size_t entries_of(const char* folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST_F(RedisFaults, LeavesNoThreadAndNoDescriptorBehind) {
  const auto threads = entries_of("/proc/self/task");
  const auto descriptors = entries_of("/proc/self/fd");
  for (const bool frozen : {false, true}) {
    if (frozen) redis_.freeze();
    Tier tier(redis_.url());
    tier.limit(milliseconds(50));
    tier.get("k");
    const Stopwatch watch;
    EXPECT_EQ(tier.host().stop(), AUTHD_OK);
    EXPECT_LT(watch.elapsed(), kFarBeyond);
    EXPECT_NE(tier.get("k"), AUTHD_OK);
    EXPECT_EQ(entries_of("/proc/self/task"), threads);
    EXPECT_EQ(entries_of("/proc/self/fd"), descriptors);
  }
  redis_.thaw();
}

// --- health: a Redis that answers may store nothing all the same -----------------------------------------

TEST_F(RedisFaults, IsDegradedWhileItIsFullOrAReplica) {
  EXPECT_EQ(tier_.health().state, AUTHD_HEALTH_UP);
  redis_.run({"CONFIG", "SET", "maxmemory", "1"});
  Tier::Health health = tier_.health();
  EXPECT_EQ(health.state, AUTHD_HEALTH_DEGRADED);
  EXPECT_NE(health.detail.find("refuses writes"), std::string::npos) << health.detail;
  EXPECT_NE(health.detail.find("full"), std::string::npos) << health.detail;
  redis_.run({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_EQ(tier_.health().state, AUTHD_HEALTH_UP);
  redis_.run({"REPLICAOF", "127.0.0.1", std::to_string(free_port())});
  health = tier_.health();
  EXPECT_EQ(health.state, AUTHD_HEALTH_DEGRADED);
  EXPECT_NE(health.detail.find("read-only"), std::string::npos) << health.detail;
  redis_.run({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(tier_.health().state, AUTHD_HEALTH_UP) << tier_.health().detail;
}

TEST_F(RedisFaults, LeavesNothingBehindWhenItIsAskedForItsHealth) {
  const std::string before = redis_.run({"DBSIZE"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tier_.health().state, AUTHD_HEALTH_UP);
  EXPECT_EQ(redis_.run({"DBSIZE"}), before);
}

TEST(RedisHealth, IsDegradedWhileRedisCannotSaveAndRefusesWritesForIt) {
  RedisServer redis({"--save", "3600 1"});
  Tier tier(redis.url());
  ASSERT_EQ(tier.set("k", "v"), AUTHD_OK) << tier.why();
  std::filesystem::remove_all(redis.folder().path());
  redis.run({"BGSAVE"});
  ASSERT_TRUE(eventually([&] {
    return redis.run({"INFO", "persistence"}).find("rdb_last_bgsave_status:err") != std::string::npos;
  }));
  const auto health = tier.health();
  EXPECT_EQ(health.state, AUTHD_HEALTH_DEGRADED);
  EXPECT_NE(health.detail.find("disk"), std::string::npos) << health.detail;
  EXPECT_EQ(tier.get("k"), AUTHD_OK) << "it still answers reads: " << tier.why();
}

TEST(RedisHealth, IsDownWithoutThePasswordAndDegradedWhereScriptsAreForbidden) {
  RedisServer redis({"--requirepass", "right"});
  Tier wrong(redis.url(), {{"/password", std::string("not-the-one")}});
  EXPECT_EQ(wrong.health().state, AUTHD_HEALTH_DOWN);
  EXPECT_NE(wrong.health().detail.find("password"), std::string::npos) << wrong.health().detail;
  redis.run({"ACL", "SETUSER", "plain", "reset", "on", ">plain", "~*", "&*", "+@all", "-@scripting"}, "right");
  Tier plain(redis.url(), {{"/username", std::string("plain")}, {"/password", std::string("plain")}});
  const auto health = plain.health();
  EXPECT_EQ(health.state, AUTHD_HEALTH_DEGRADED);
  EXPECT_NE(health.detail.find("eval"), std::string::npos) << health.detail;
}

// --- who may --------------------------------------------------------------------------------------------

constexpr const char* kPassword = "p@ss:w%rd/";

TEST(RedisLogIn, NamesTheSettingAndNeverTheValue) {
  RedisServer redis({"--requirepass", kPassword});
  Tier none(redis.url());
  EXPECT_EQ(none.get("k"), AUTHD_DENIED);
  EXPECT_NE(none.why().find("password"), std::string::npos) << none.why();
  Tier wrong(redis.url(), {{"/password", std::string("not-the-one")}});
  EXPECT_EQ(wrong.get("k"), AUTHD_DENIED);
  EXPECT_NE(wrong.why().find("password"), std::string::npos) << wrong.why();
  for (Tier* tier : {&none, &wrong}) {
    const std::string all =
        tier->host().everything_logged() + tier->why() + tier->health().detail + tier->health().endpoint;
    EXPECT_EQ(all.find("not-the-one"), std::string::npos);
    EXPECT_EQ(all.find(kPassword), std::string::npos);
  }
  Tier right(redis.url(), {{"/password", std::string(kPassword)}});
  EXPECT_EQ(right.set("k", "v"), AUTHD_OK) << right.why();
  Tier in_url("redis://:p%40ss%3Aw%25rd%2F@127.0.0.1:" + std::to_string(redis.port()));
  EXPECT_EQ(in_url.get("k"), AUTHD_OK) << in_url.why();
}

TEST(RedisLogIn, RefusesAPasswordThatRedisDoesNotWant) {
  RedisServer redis;
  Tier tier(redis.url(), {{"/password", std::string("too much")}});
  EXPECT_EQ(tier.get("k"), AUTHD_DENIED);
  EXPECT_NE(tier.why().find("password"), std::string::npos) << tier.why();
}

TEST(RedisLogIn, NeedsNoMoreThanWhatTheDocumentationGrants) {
  RedisServer redis;
  redis.run({"ACL", "SETUSER", "authd", "reset", "on", std::string(">") + kPassword, "~authd:v1:*",
             "&authd:v1:invalidate", "+ping", "+get", "+set", "+getrange", "+strlen", "+unlink", "+scan", "+eval",
             "+evalsha", "+publish", "+subscribe"});
  Tier tier(redis.url(), {{"/username", std::string("authd")}, {"/password", std::string(kPassword)}});
  Tier other(redis.url());
  ASSERT_EQ(tier.set("authd:v1:k", "v"), AUTHD_OK) << tier.why();
  EXPECT_EQ(tier.get("authd:v1:k"), AUTHD_OK) << tier.why();
  EXPECT_EQ(tier.del("authd:v1:k"), AUTHD_OK) << tier.why();
  EXPECT_TRUE(other.tiers().await_invalidated("authd:v1:k"));
  EXPECT_TRUE(other.drop("authd:v1:k2"));
  EXPECT_TRUE(tier.tiers().await_invalidated("authd:v1:k2")) << tier.host().everything_logged();
  redis.run({"SET", "authd:v1:garbage", "x"});
  EXPECT_EQ(tier.get("authd:v1:garbage"), AUTHD_NOT_FOUND);
  EXPECT_EQ(redis.run({"EXISTS", "authd:v1:garbage"}), "0");
  EXPECT_EQ(tier.clear("authd:v1:"), AUTHD_OK) << tier.why();
  EXPECT_EQ(tier.health().state, AUTHD_HEALTH_UP);
  EXPECT_EQ(tier.get("other"), AUTHD_DENIED);
  EXPECT_NE(tier.why().find("username"), std::string::npos) << tier.why();
}

TEST(RedisLogIn, NoticesThatThePasswordWasChanged) {
  RedisServer redis;
  Tier tier(redis.url());
  ASSERT_EQ(tier.set("k", "v"), AUTHD_OK);
  redis.run({"CONFIG", "SET", "requirepass", "new"});
  redis.run({"CLIENT", "KILL", "TYPE", "normal"}, "new");
  EXPECT_TRUE(tier.await(AUTHD_DENIED, [&] { return tier.get("k"); })) << tier.why();
}

TEST(RedisSettings, AreRefusedWithAReasonWhenTheyContradictEachOther) {
  const std::pair<const char*, Settings> cases[] = {
      {"url", {{"/url", std::string("http://127.0.0.1")}}},
      {"db", {{"/url", std::string("redis://127.0.0.1/3")}, {"/db", std::int64_t{4}}}},
      {"password", {{"/url", std::string("redis://user@127.0.0.1")}}},
      {"db", {{"/url", std::string("redis+cluster://127.0.0.1")}, {"/db", std::int64_t{1}}}},
  };
  for (const auto& [name, settings] : cases) {
    PluginHost host(PLUGIN_FILE, settings);
    EXPECT_EQ(host.create(), AUTHD_INVALID);
    EXPECT_EQ(host.lifecycle_call().setting, std::string("/") + name) << host.lifecycle_call().message;
  }
}

} // namespace
} // namespace authd::test
