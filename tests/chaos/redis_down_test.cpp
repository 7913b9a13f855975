// SPDX-License-Identifier: Apache-2.0
// What warm consumers notice of a Redis that is killed, frozen, full, read-only, emptied, failed over or
// resharded: nothing.
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "support/redis_server.h"
#include "warm.h"

namespace authd::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What an operation may cost while Redis hangs: cache[].read_timeout, whose default that is.
constexpr milliseconds kReadTimeout{50};
// More than authd has workers: when these hang, requests wait for them, too.
constexpr unsigned kManyConnections = 32;

// All answers that came while Redis was frozen against all that came before.
void print_ratio(const LoadReport& before, const LoadReport& frozen) {
  const auto ratio = [](std::int64_t now, std::int64_t then) {
    return static_cast<double>(now) / static_cast<double>(then);
  };
  std::printf("  p99(frozen)/p99(before): %.2f; from when requests were due: %lld/%lld us = %.2f; %zu of %zu "
              "answers came more than 50 ms after that\n",
              ratio(frozen.percentile_us(0.99), before.percentile_us(0.99)),
              static_cast<long long>(frozen.due_percentile_us(0.99)),
              static_cast<long long>(before.due_percentile_us(0.99)),
              ratio(frozen.due_percentile_us(0.99), before.due_percentile_us(0.99)), frozen.slower_than(kReadTimeout),
              frozen.total());
}

std::size_t keys_in(const RedisServer& redis) { return std::stoul(redis.run({"DBSIZE"})); }

std::size_t refused_writes(const RedisServer& redis) {
  const std::string stats = redis.run({"INFO", "errorstats"});
  const std::string name = "errorstat_READONLY:count=";
  const auto at = stats.find(name);
  return at == std::string::npos ? 0 : std::stoul(stats.substr(at + name.size()));
}

TEST(RedisDown, KilledAndRestartedEmptyIsNotNoticed) {
  RedisServer redis;
  std::printf("Redis killed, then restarted empty\n");
  Warm warm(redis.url());
  ASSERT_EQ(keys_in(redis), warm.crowd.ids.size());
  redis.kill();
  warm.run("killed", seconds(4));
  redis.restart();
  EXPECT_TRUE(warm.load->until([&] { return keys_in(redis) == warm.crowd.ids.size(); }, seconds(30)))
      << "the tier did not come back: " << keys_in(redis) << " keys";
  warm.report("restarted empty, until filled");
}

TEST(RedisDown, FrozenDelaysNobodyWhoseCopyIsRefreshedInTime) {
  RedisServer redis;
  std::printf("Redis frozen (SIGSTOP), copies refreshed ahead\n");
  // Each is asked for once a second, and refreshed within the last two seconds of ten.
  Warm warm(redis.url(), 1000, "10s", "20s", kManyConnections);
  redis.freeze();
  print_ratio(warm.before, warm.run("frozen", seconds(12)));
  redis.thaw();
  warm.run("thawed", seconds(2));
}

TEST(RedisDown, FrozenFailsNobodyWhoseCopyHasExpired) {
  RedisServer redis;
  std::printf("Redis frozen (SIGSTOP), copies expired\n");
  Warm warm(redis.url(), 2000, "1s", "3s", kManyConnections);
  redis.freeze();
  LoadReport frozen = warm.run("frozen, first second", seconds(1));
  frozen += warm.run("frozen, then", seconds(4));
  print_ratio(warm.before, frozen);
  redis.thaw();
  warm.run("thawed", seconds(2));
}

TEST(RedisDown, WithKongDownTooMemoryIsEnough) {
  RedisServer redis;
  std::printf("Redis and Kong killed together\n");
  Warm warm(redis.url());
  warm.kong.reset();
  redis.kill();
  warm.run("both killed", seconds(5));
}

TEST(RedisDown, FrozenWithKongDownTooMemoryIsEnough) {
  RedisServer redis;
  std::printf("Redis frozen and Kong killed together\n");
  Warm warm(redis.url());
  warm.kong.reset();
  redis.freeze();
  warm.run("frozen and killed", seconds(5));
  redis.thaw();
}

TEST(RedisDown, FullIsNotNoticed) {
  RedisServer redis;
  std::printf("Redis full (maxmemory 1, noeviction)\n");
  Warm warm(redis.url());
  ASSERT_EQ(redis.run({"CONFIG", "SET", "maxmemory", "1"}), "OK");
  warm.run("full", seconds(4));
  ASSERT_EQ(redis.run({"CONFIG", "SET", "maxmemory", "0"}), "OK");
  warm.run("room again", seconds(2));
}

TEST(RedisDown, ReadOnlyIsNotNoticed) {
  RedisServer redis;
  std::printf("Redis read-only (a replica of nobody)\n");
  Warm warm(redis.url());
  ASSERT_EQ(redis.run({"REPLICAOF", "127.0.0.1", std::to_string(free_port())}), "OK");
  warm.run("read-only", seconds(4));
  const std::size_t refused = refused_writes(redis);
  std::printf("  %zu writes refused\n", refused);
  // Each worker's first fill with its retries, then one fill a second: no worker is held up for good.
  EXPECT_GT(refused, 0u);
  EXPECT_LE(refused, 100u);
  ASSERT_EQ(redis.run({"REPLICAOF", "NO", "ONE"}), "OK");
  warm.run("writable again", seconds(2));
}

TEST(RedisDown, FailedOverBySentinelIsNotNoticed) {
  RedisSentinels sentinels;
  std::printf("master killed, failed over by Sentinel\n");
  Warm warm(sentinels.url());
  sentinels.first_master().kill();
  EXPECT_TRUE(sentinels.await_failover());
  warm.report("until another master was elected");
  // Emptied, it is filled again only by an authd that has found it.
  ASSERT_EQ(sentinels.first_replica().run({"FLUSHALL"}), "OK");
  EXPECT_TRUE(
      warm.load->until([&] { return keys_in(sentinels.first_replica()) == warm.crowd.ids.size(); }, seconds(30)))
      << keys_in(sentinels.first_replica()) << " keys";
  warm.report("until the new master was filled");
}

TEST(RedisDown, AMovedClusterSlotIsNotNoticed) {
  RedisCluster cluster;
  std::printf("cluster slot moved\n");
  Warm warm(cluster.url());
  const std::string key = "authd:v1:" + warm.crowd.ids.front();
  const std::uint16_t slot = cluster.slot_of(key);
  const std::size_t from = cluster.owner_of(key);
  const std::size_t to = (from + 1) % 3;
  cluster.set_slot(to, slot, "IMPORTING", from);
  cluster.set_slot(from, slot, "MIGRATING", to);
  warm.run("slot migrating", seconds(2));
  const std::string to_port = std::to_string(cluster.node(to).port());
  cluster.node(from).run({"MIGRATE", "127.0.0.1", to_port, key, "0", "2000", "REPLACE"});
  cluster.set_slot(to, slot, "NODE", to);
  cluster.set_slot(from, slot, "NODE", to);
  warm.run("slot moved", seconds(3));
  EXPECT_EQ(cluster.owner_of(key), to);
}

} // namespace
} // namespace authd::test
