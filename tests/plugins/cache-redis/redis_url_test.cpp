// SPDX-License-Identifier: Apache-2.0
#include "redis_url.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace authd::cache_redis {
namespace {

TEST(RedisUrl, NamesOneServer) {
  const RedisUrl plain = parse_redis_url("redis://cache.example");
  EXPECT_EQ(plain.deployment, Deployment::single);
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.endpoints, (std::vector<Endpoint>{{"cache.example", "6379"}}));
  EXPECT_FALSE(plain.db);
  const RedisUrl all = parse_redis_url("rediss://alice:s3cret@10.0.0.1:7000/15");
  EXPECT_TRUE(all.tls);
  EXPECT_EQ(all.endpoints.front(), (Endpoint{"10.0.0.1", "7000"}));
  EXPECT_EQ(all.db, 15);
  EXPECT_EQ(all.username, "alice");
  EXPECT_EQ(all.password.reveal(), "s3cret");
  EXPECT_EQ(parse_redis_url("redis://[::1]:7000").endpoints.front(), (Endpoint{"::1", "7000"}));
  EXPECT_EQ(parse_redis_url("redis://[fe80::1]/").endpoints.front(), (Endpoint{"fe80::1", "6379"}));
}

TEST(RedisUrl, DecodesTheUserinfo) {
  const RedisUrl only_password = parse_redis_url("redis://:p%40ss%3A%2f%25@host");
  EXPECT_EQ(only_password.username, "");
  EXPECT_EQ(only_password.password.reveal(), "p@ss:/%");
  EXPECT_EQ(parse_redis_url("redis://user:p@ss:word@host").password.reveal(), "p@ss:word");
  EXPECT_EQ(parse_redis_url("redis://user@host").username, "user");
}

TEST(RedisUrl, NamesSentinelsAndTheirMaster) {
  const RedisUrl url = parse_redis_url("redis+sentinel://u:p@one,two:26380,[::2]:1/main/3");
  EXPECT_EQ(url.deployment, Deployment::sentinel);
  EXPECT_EQ(url.endpoints, (std::vector<Endpoint>{{"one", "26379"}, {"two", "26380"}, {"::2", "1"}}));
  EXPECT_EQ(url.master_name, "main");
  EXPECT_EQ(url.db, 3);
  EXPECT_TRUE(parse_redis_url("rediss+sentinel://one/main").tls);
}

TEST(RedisUrl, NamesNodesOfACluster) {
  const RedisUrl url = parse_redis_url("rediss+cluster://one:7000,two");
  EXPECT_EQ(url.deployment, Deployment::cluster);
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.endpoints, (std::vector<Endpoint>{{"one", "7000"}, {"two", "6379"}}));
}

TEST(RedisUrl, NamesASocketWhosePathIsTakenAsItIs) {
  for (const char* scheme : {"unix", "redis+unix"}) {
    const RedisUrl url = parse_redis_url(std::string(scheme) + ":///run/a@b,c/redis.sock");
    EXPECT_EQ(url.endpoints.front(), (Endpoint{"/run/a@b,c/redis.sock", ""}));
    EXPECT_FALSE(url.db);
  }
  EXPECT_EQ(parse_redis_url("unix://u:p@/run/redis.sock").password.reveal(), "p");
}

TEST(RedisUrl, IsRefusedWithoutQuotingThePassword) {
  const std::string long_socket = "unix:///" + std::string(107, 'x');
  for (const char* wrong : {"",
                            "redis:/host",
                            "http://:S3CRET@host",
                            "redis://:S3CRET@",
                            "redis://:S3CRET@host:0",
                            "redis://:S3CRET@host:65536",
                            "redis://:S3CRET@host:x",
                            "redis://:S3CRET@host/16",
                            "redis://:S3CRET@host/-1",
                            "redis://:S3CRET@host/x",
                            "redis://:S3CRET@host?db=1",
                            "redis://:S3CRET@one,two",
                            "redis://:S3CRET@[::1",
                            "redis://:S3CRET@[::1]x",
                            "redis+sentinel://:S3CRET@one",
                            "redis+sentinel://:S3CRET@one/",
                            "redis+cluster://:S3CRET@one/1",
                            "redis://:S3CRET%4@host",
                            "redis://:S3C RET@host",
                            "unix://run/redis.sock",
                            long_socket.c_str()}) {
    try {
      parse_redis_url(wrong);
      ADD_FAILURE() << wrong << " was taken";
    } catch (const std::invalid_argument& e) {
      EXPECT_EQ(std::string(e.what()).find("S3C"), std::string::npos) << e.what();
    }
  }
}

TEST(RedisUrl, IsDescribedWithoutCredentials) {
  const auto said = [](const char* url) { return describe(parse_redis_url(url), 2); };
  EXPECT_EQ(said("rediss://u:p@host"), "rediss://host:6379/2");
  EXPECT_EQ(said("redis://[::1]:7000"), "redis://[::1]:7000/2");
  EXPECT_EQ(said("redis+sentinel://u:p@one,two/main/2"), "redis+sentinel://one:26379,two:26379/main/2");
  EXPECT_EQ(said("redis+cluster://u:p@one,two"), "redis+cluster://one:6379,two:6379");
  EXPECT_EQ(said("unix:///run/redis.sock"), "unix:///run/redis.sock");
}

} // namespace
} // namespace authd::cache_redis
