// SPDX-License-Identifier: Apache-2.0
// What may stand under a key that authd did not write: misses, never a wrong value.
#include <fstream>

#include "dialer.h"
#include "formats.h"
#include "script.h"
#include "support/redis_server.h"
#include "tier_fixture.h"

namespace authd::test {
namespace {

class RedisValues : public testing::Test {
 protected:
  RedisServer redis_;
  Tier tier_{redis_.url()};
};

TEST_F(RedisValues, ThatAreGarbageAreMissesAndDeleted) {
  for (const std::string& garbage :
       {std::string("x"), std::string(500'000, 'g'), std::string("authd\x01"),
        std::string(cache_redis::kTombstone) + "more", std::string("authd\x02v\0", 8) + std::string(100, 'x')}) {
    redis_.run({"SET", "k", garbage});
    EXPECT_EQ(tier_.get("k"), AUTHD_NOT_FOUND);
    EXPECT_EQ(redis_.run({"EXISTS", "k"}), "0");
    redis_.run({"SET", "k", garbage});
    EXPECT_EQ(tier_.get_stale("k"), AUTHD_NOT_FOUND);
  }
  EXPECT_TRUE(tier_.host().wait_for_log("redis-garbage", 1));
}

// GETRANGE answers alike whether there is no key or nothing in it: it stays until the next set.
TEST_F(RedisValues, ThatAreEmptyAreMissesAndOverwritten) {
  redis_.run({"SET", "k", ""});
  EXPECT_EQ(tier_.get("k"), AUTHD_NOT_FOUND);
  EXPECT_EQ(tier_.get_stale("k"), AUTHD_NOT_FOUND);
  ASSERT_EQ(tier_.set("k", "v"), AUTHD_OK);
  EXPECT_EQ(tier_.get("k"), AUTHD_OK);
}

TEST_F(RedisValues, ThatWereChangedAtAnyByteAreMisses) {
  ASSERT_EQ(tier_.set("k", "the secret"), AUTHD_OK);
  const std::string stored = redis_.run({"GET", "k"});
  for (std::size_t i = 0; i < stored.size(); ++i) {
    std::string changed = stored;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    redis_.run({"SET", "k", changed});
    EXPECT_EQ(tier_.get_stale("k"), AUTHD_NOT_FOUND) << "byte " << i;
    redis_.run({"SET", "k", stored.substr(0, i)});
    EXPECT_EQ(tier_.get_stale("k"), AUTHD_NOT_FOUND) << "cut at " << i;
  }
  redis_.run({"SET", "k", stored});
  EXPECT_EQ(tier_.get("k"), AUTHD_OK);
}

TEST_F(RedisValues, ThatBelongToAnotherKeyAreMisses) {
  ASSERT_EQ(tier_.set("alice", "alice's secret"), AUTHD_OK);
  for (const char* other : {"bob", "carol"}) {
    redis_.run({"COPY", "alice", other});
    EXPECT_EQ(tier_.get(other), AUTHD_NOT_FOUND);
  }
  EXPECT_EQ(tier_.get("alice"), AUTHD_OK);
}

TEST_F(RedisValues, OfAnotherTypeAreMissesUntilTheKeyIsSet) {
  redis_.run({"LPUSH", "k", "x"});
  EXPECT_EQ(tier_.get("k"), AUTHD_NOT_FOUND);
  EXPECT_EQ(tier_.get_stale("k"), AUTHD_NOT_FOUND);
  EXPECT_EQ(redis_.run({"TYPE", "k"}), "list");
  EXPECT_TRUE(tier_.host().wait_for_log("redis-foreign", 1));
  ASSERT_EQ(tier_.set("k", "v"), AUTHD_OK) << tier_.why();
  EXPECT_EQ(tier_.get("k"), AUTHD_OK);
  redis_.run({"DEL", "k"});
  redis_.run({"SADD", "k", "x"});
  EXPECT_EQ(tier_.del("k"), AUTHD_NOT_FOUND) << "what is no value of authd's counts as none: " << tier_.why();
  EXPECT_EQ(tier_.get("k"), AUTHD_NOT_FOUND);
}

long most_memory_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("VmHWM:", 0) == 0) return std::stol(line.substr(6));
  return 0;
}

std::size_t sent_bytes(const RedisServer& redis) {
  const std::string stats = redis.run({"INFO", "stats"});
  const std::string name = "total_net_output_bytes:";
  return std::stoul(stats.substr(stats.find(name) + name.size()));
}

TEST_F(RedisValues, OfFiftyMegabytesAreNotReadButDeleted) {
  redis_.run({"SETRANGE", "k", "52428800", "x"});
  ASSERT_EQ(tier_.set("k2", "v"), AUTHD_OK);
  const long before = most_memory_kb();
  EXPECT_EQ(tier_.get("k"), AUTHD_NOT_FOUND);
  EXPECT_LT(most_memory_kb() - before, 20'000);
  EXPECT_EQ(redis_.run({"EXISTS", "k"}), "0");
  EXPECT_TRUE(tier_.host().wait_for_log("redis-oversized", 1));
  EXPECT_EQ(tier_.get("k2"), AUTHD_OK);
}

// With GET, Redis puts all of them together for the answer before anybody knows how many there are.
TEST_F(RedisValues, OfFiftyMegabytesAreNotCopiedByRedisEither) {
  redis_.run({"SETRANGE", "k", "52428800", "x"});
  redis_.run({"CONFIG", "RESETSTAT"});
  EXPECT_EQ(tier_.get("k"), AUTHD_NOT_FOUND);
  EXPECT_EQ(redis_.calls_of("get"), 0u);
  EXPECT_LT(sent_bytes(redis_), 2'000'000u);
}

TEST_F(RedisValues, OfTheGreatestLengthAreServedAndOneByteMoreIsDeleted) {
  const std::string greatest(1024 * 1024, 'v');
  ASSERT_EQ(tier_.set("k", greatest), AUTHD_OK) << tier_.why();
  ASSERT_EQ(tier_.get("k"), AUTHD_OK) << tier_.why();
  EXPECT_TRUE(tier_.value() == greatest);
  redis_.run({"APPEND", "k", "x"});
  EXPECT_EQ(tier_.get("k"), AUTHD_NOT_FOUND);
  EXPECT_EQ(redis_.run({"EXISTS", "k"}), "0");
  EXPECT_TRUE(tier_.host().wait_for_log("redis-oversized", 1));
}

// What a reader does that found garbage, when somebody was quicker.
TEST_F(RedisValues, ThatWereStoredSinceGarbageWasReadAreNotDiscarded) {
  const auto discard = [&](std::string_view seen) {
    const cache_redis::Settings settings;
    const cache_redis::Deadline deadline(seconds(10));
    auto connection =
        cache_redis::Dialer(settings).dial(cache_redis::Endpoint{"127.0.0.1", std::to_string(redis_.port())}, deadline);
    const auto& script = cache_redis::discard_script();
    const auto command = script.by_text("k", {cache_redis::sha1_hex(seen), "1000000"});
    return cache_redis::integer_of(connection.value()->exchange(command, deadline).value());
  };
  ASSERT_EQ(tier_.set("k", "v"), AUTHD_OK);
  EXPECT_EQ(discard("garbage"), 0);
  EXPECT_EQ(tier_.get("k"), AUTHD_OK);
  ASSERT_EQ(tier_.del("k"), AUTHD_OK);
  EXPECT_EQ(discard("garbage"), 0);
  EXPECT_EQ(redis_.run({"EXISTS", "k"}), "1");
  redis_.run({"SET", "k", "garbage"});
  EXPECT_EQ(discard("garbage"), 1);
}

} // namespace
} // namespace authd::test
