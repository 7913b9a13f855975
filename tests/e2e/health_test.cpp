// SPDX-License-Identifier: Apache-2.0
// The three health endpoints in front of a Kong in every state.
#include <thread>

#include "scene.h"

namespace authd::test {
namespace {

using Poco::JSON::Object;

// Probes are cached for a second: asks until the answer is the one that is waited for.
HttpReply await_status(const Scene& scene, const std::string& path, const std::string& status) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  HttpReply reply;
  do {
    reply = get(scene.port(), path);
  } while (parse_object(reply.body)->optValue<std::string>("status", "") != status &&
           std::chrono::steady_clock::now() < deadline);
  return reply;
}

Object::Ptr kong_of(const HttpReply& reply) {
  return parse_object(reply.body)->getObject("dependencies")->getObject("kong");
}

TEST(Health, SaysThatARemoteTierCannotTellWhatItHolds) {
  const Scene scene([](Settings& s) {
    s.set_text("cache", "plugin", "cache-redis").set_text("cache", "url", "redis://127.0.0.1:1");
  });
  const auto cache = parse_object(get(scene.port(), "/health").body)->getObject("dependencies")->getObject("cache");
  const auto tier = cache->getArray("tiers")->getObject(0);
  for (const char* member : {"entries", "bytes"}) {
    ASSERT_TRUE(tier->has(member)) << member;
    EXPECT_TRUE(tier->isNull(member)) << member << " is not 0: nobody has counted";
  }
}

TEST(Health, SaysWhatAuthdIsAndDependsOn) {
  const Scene scene;
  const HttpReply reply = await_status(scene, "/health", "healthy");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto health = parse_object(reply.body);
  EXPECT_EQ(health->getValue<std::string>("status"), "healthy");
  EXPECT_EQ(health->getValue<std::string>("environment"), "test");
  EXPECT_FALSE(health->getValue<bool>("highAvailability"));
  EXPECT_GE(health->getValue<int>("uptime"), 0);
  EXPECT_EQ(health->getValue<std::string>("requestId"), reply.header("X-Request-Id"));
  for (const char* name : {"timestamp", "version"}) EXPECT_TRUE(health->has(name)) << name;
  EXPECT_EQ(kong_of(reply)->getValue<std::string>("mode"), "API_GATEWAY");
  EXPECT_EQ(kong_of(reply)->getValue<std::string>("url"), scene.kong.url());
  EXPECT_TRUE(kong_of(reply)->has("responseTime"));
  const auto cache = health->getObject("dependencies")->getObject("cache");
  EXPECT_EQ(cache->getValue<std::string>("type"), "memory");
  EXPECT_TRUE(cache->getObject("staleCache")->has("available"));
  EXPECT_TRUE(health->getObject("dependencies")->getObject("telemetry")->has("mode"));
}

TEST(Health, TrustsTheDatabaseMoreThanTheStatusCode) {
  Scene scene;
  scene.kong.set_database_reachable(false); // /status still answers 200
  const HttpReply reply = await_status(scene, "/health", "unhealthy");
  EXPECT_EQ(reply.status, 503) << reply.body;
  EXPECT_EQ(kong_of(reply)->getValue<std::string>("status"), "unhealthy");
  EXPECT_FALSE(kong_of(reply)->getValue<std::string>("error").empty());
  EXPECT_EQ(get(scene.port(), "/health/ready").status, 503);
  EXPECT_EQ(get(scene.port(), "/health/live").status, 200);
  scene.kong.set_database_reachable(true);
  EXPECT_EQ(await_status(scene, "/health", "healthy").status, 200);
}

TEST(Health, IsWellWithAKongThatHasNoDatabase) {
  FakeKong::Options dbless;
  dbless.dbless = true;
  const Scene scene({}, dbless);
  EXPECT_EQ(await_status(scene, "/health", "healthy").status, 200);
}

TEST(Health, IsDegradedWhileCachedConsumersAreStillServed) {
  Scene scene;
  ASSERT_EQ(scene.tokens().status, 200);
  scene.kong.set_fault({KongFault::Kind::error_500});
  const HttpReply reply = await_status(scene, "/health", "degraded");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(get(scene.port(), "/health/ready").status, 200);
}

TEST(Health, AnswersInTimeWhileKongHangs) {
  Scene scene;
  scene.kong.set_fault({KongFault::Kind::hang});
  const HttpReply reply = await_status(scene, "/health", "unhealthy");
  EXPECT_EQ(reply.status, 503);
  EXPECT_LT(reply.took.count(), 5000);
}

TEST(Health, ReadySaysWhatItChecked) {
  const Scene scene;
  const HttpReply reply = get(scene.port(), "/health/ready");
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto ready = parse_object(reply.body);
  EXPECT_TRUE(ready->getValue<bool>("ready"));
  for (const char* name : {"lifecycle", "gateway", "cache"}) EXPECT_TRUE(ready->getObject("checks")->has(name)) << name;
  for (const char* name : {"timestamp", "responseTime", "requestId"}) EXPECT_TRUE(ready->has(name)) << name;
}

TEST(Health, StormIsNoStormForKong) {
  const Scene scene;
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> clients;
  for (int t = 0; t < 8; ++t) {
    clients.push_back(checked_thread([&] {
      for (int i = 0; i < 100; ++i) EXPECT_EQ(get(scene.port(), i % 2 == 0 ? "/health" : "/health/ready").status, 200);
    }));
  }
  for (std::thread& client : clients) client.join();
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - start).count();
  EXPECT_LE(scene.kong.traffic()[KongOperation::status], static_cast<std::size_t>(seconds) + 1);
}

} // namespace
} // namespace authd::test
