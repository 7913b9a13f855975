// SPDX-License-Identifier: Apache-2.0
// Every way to lose the channel of invalidations, with a Redis that comes back empty, while Kong is down: the
// copies in memory are all that there is, and they stay good.
#include <algorithm>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "support/redis_server.h"
#include "warm.h"

namespace authd::test {
namespace {

using std::chrono::seconds;

constexpr std::size_t kConsumers = 50;
constexpr const char* kLong = "1h";   // so that copies are given up for no reason but the channel
constexpr seconds kBeyondTheGrace{3}; // lookup.suspect_grace is 2 s

// Kong goes down, then `lose` takes the channel and all values. `there`: one of these is asked afterwards.
void expect_not_noticed(Warm& warm, const std::vector<const RedisServer*>& there, const std::function<void()>& lose) {
  const std::uint16_t port = warm.kong->port();
  warm.kong.reset();
  for (const RedisServer* redis : there) redis->run({"CONFIG", "RESETSTAT"});
  lose();
  const auto listened_to = [](const RedisServer* redis) { return !redis->subscribers().empty(); };
  const auto asked = [](const RedisServer* redis) { return redis->calls_of("getrange") > 0; };
  const auto is_back = [&] {
    return std::any_of(there.begin(), there.end(), listened_to) && std::any_of(there.begin(), there.end(), asked);
  };
  EXPECT_TRUE(warm.load->until(is_back, seconds(30))) << "authd does not come back to this Redis";
  warm.report("until Redis was asked again");
  warm.run("Redis empty, Kong down", kBeyondTheGrace);
  warm.kong = kong_with(warm.crowd, port);
  warm.run("Kong up again", seconds(1));
}

TEST(LostChannel, ByARestartOfRedisIsNotNoticedWhileKongIsDown) {
  RedisServer redis;
  Warm warm(redis.url(), kConsumers, kLong, kLong);
  expect_not_noticed(warm, {&redis}, [&] { redis.restart(); });
}

TEST(LostChannel, ByAKilledSubscriptionIsNotNoticedWhileKongIsDown) {
  RedisServer redis;
  Warm warm(redis.url(), kConsumers, kLong, kLong);
  expect_not_noticed(warm, {&redis}, [&] {
    redis.run({"FLUSHALL"});
    EXPECT_GE(std::stoi(redis.run({"CLIENT", "KILL", "TYPE", "pubsub"})), 1);
  });
}

TEST(LostChannel, ByKilledConnectionsOfAllKindsIsNotNoticedWhileKongIsDown) {
  RedisServer redis;
  Warm warm(redis.url(), kConsumers, kLong, kLong);
  expect_not_noticed(warm, {&redis}, [&] {
    redis.run({"FLUSHALL"});
    redis.run({"CLIENT", "KILL", "TYPE", "normal"});
    EXPECT_GE(std::stoi(redis.run({"CLIENT", "KILL", "TYPE", "pubsub"})), 1);
  });
}

TEST(LostChannel, ByAFailoverIsNotNoticedWhileKongIsDown) {
  RedisSentinels sentinels;
  Warm warm(sentinels.url(), kConsumers, kLong, kLong);
  expect_not_noticed(warm, {&sentinels.first_replica()}, [&] {
    sentinels.first_master().run({"FLUSHALL"});
    sentinels.first_master().kill();
    EXPECT_TRUE(sentinels.await_failover());
  });
}

TEST(LostChannel, ByAClusterNodeThatIsReplacedIsNotNoticedWhileKongIsDown) {
  RedisCluster cluster;
  Warm warm(cluster.url(), kConsumers, kLong, kLong);
  std::vector<const RedisServer*> nodes;
  RedisServer* listened_to = nullptr;
  for (std::size_t i = 0; i < 3; ++i) {
    nodes.push_back(&cluster.node(i));
    if (!cluster.node(i).subscribers().empty()) listened_to = &cluster.node(i);
  }
  ASSERT_NE(listened_to, nullptr);
  expect_not_noticed(warm, nodes, [&] {
    for (const RedisServer* node : nodes) node->run({"FLUSHALL"});
    listened_to->restart();
  });
}

} // namespace
} // namespace authd::test
