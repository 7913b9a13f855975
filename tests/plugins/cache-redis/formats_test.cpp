// SPDX-License-Identifier: Apache-2.0
// What is written into Redis, read from it and said through it, without a Redis.
#include <gtest/gtest.h>

#include "client.h"
#include "fault.h"
#include "formats.h"
#include "net/backoff.h"
#include "slot_map.h"

namespace authd::cache_redis {
namespace {

using sdk::Status;

TEST(RedisEntry, SurvivesTheWayThereAndBack) {
  const std::string payload("\0secret\xff", 8);
  const std::string stored = encode_entry("key", payload, 1'700'000'000'123);
  const Entry entry = decode_entry("key", stored);
  EXPECT_EQ(entry.kind, Entry::Kind::value);
  EXPECT_EQ(entry.fresh_until_ms, 1'700'000'000'123);
  EXPECT_EQ(entry.payload, payload);
  EXPECT_EQ(stored.size(), kHeaderBytes + payload.size());
}

TEST(RedisEntry, IsBoundToItsKeyAndToEveryByte) {
  const std::string stored = encode_entry("key", "secret", 1);
  EXPECT_EQ(decode_entry("kez", stored).kind, Entry::Kind::garbage);
  EXPECT_EQ(decode_entry("key", stored + "x").kind, Entry::Kind::garbage);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    std::string changed = stored;
    changed[i] = static_cast<char>(changed[i] ^ 0x80);
    EXPECT_EQ(decode_entry("key", changed).kind, Entry::Kind::garbage) << i;
    EXPECT_EQ(decode_entry("key", stored.substr(0, i)).kind, Entry::Kind::garbage) << i;
  }
}

TEST(RedisEntry, KnowsATombstone) {
  EXPECT_EQ(decode_entry("key", kTombstone).kind, Entry::Kind::tombstone);
  EXPECT_EQ(decode_entry("key", std::string(kTombstone) + "x").kind, Entry::Kind::garbage);
  EXPECT_EQ(encode_entry("key", "", 1).rfind(kMagic, 0), 0u);
  EXPECT_EQ(kTombstone.substr(0, kMagic.size()), kMagic);
}

// Redis Cluster specification: the CRC of "123456789" is 0x31c3; the others are redis-server 7's own answers.
TEST(RedisSlots, AreThoseOfRedis) {
  EXPECT_EQ(slot_of("123456789"), 0x31c3);
  EXPECT_EQ(slot_of(""), 0);
  EXPECT_EQ(slot_of("foo"), 12182);
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("user1000"));
  EXPECT_EQ(slot_of("foo{bar}{zap}"), slot_of("bar"));
  EXPECT_EQ(slot_of("foo{{bar}}zap"), slot_of("{bar"));
  EXPECT_NE(slot_of("foo{}{bar}"), slot_of("bar"));
  EXPECT_NE(slot_of("foo{bar"), slot_of("bar"));
}

TEST(RedisErrors, AreClassifiedByTheirFirstWord) {
  const auto status = [](const char* error) { return classify_error(error).status; };
  for (const char* denied : {"NOAUTH Authentication required.", "WRONGPASS invalid username-password pair", "NOPERM x",
                             "DENIED Redis is running in protected mode"})
    EXPECT_EQ(status(denied), Status::denied) << denied;
  for (const char* down : {"READONLY x", "OOM x", "LOADING x", "MASTERDOWN x", "CLUSTERDOWN x", "TRYAGAIN x", "BUSY x",
                           "MISCONF x", "ERR x", "", "something else"})
    EXPECT_EQ(status(down), Status::unavailable) << down;
  EXPECT_TRUE(classify_error("READONLY x").worth_another_try());
  EXPECT_FALSE(classify_error("OOM x").worth_another_try());
  EXPECT_EQ(classify_error("WRONGTYPE Operation against").code, "WRONGTYPE");
  EXPECT_EQ(classify_error("the-secret is wrong").message.find("the-secret"), std::string::npos);
}

TEST(RedisErrors, ThatAreUnknownAreSaidInRedisWords) {
  EXPECT_EQ(classify_error("ERR max number of clients reached").message,
            "Redis answered ERR max number of clients reached");
  EXPECT_EQ(classify_error("NOSCRIPTS are\r\nodd").message, "Redis answered NOSCRIPTS are??odd");
  EXPECT_EQ(classify_error("ERR").message, "Redis answered ERR");
  EXPECT_EQ(classify_error("ERR " + std::string(1000, 'x')).message.size(),
            std::string("Redis answered ERR").size() + 200 + 3);
}

TEST(RedisErrors, ShowNothingOfTheCommandThatTheyQuote) {
  for (const char* error : {"ERR unknown command 'AUTH', with args beginning with: 'planted' ",
                            "ERR unknown command `AUTH`, with args beginning with: `planted`, ",
                            "ERR Error compiling script (new function): user_script:1: near 'planted'"}) {
    const std::string message = classify_error(error).message;
    EXPECT_EQ(message.find("planted"), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with("Redis answered ERR ")) << message;
  }
  EXPECT_EQ(classify_error("ERR unknown command 'EVALSHA', with args beginning with: 'a'").message,
            "Redis answered ERR unknown command 'EVALSHA'");
}

TEST(RedisErrors, RedirectToAnotherNode) {
  const auto moved = parse_redirection("MOVED 3999 127.0.0.1:6381");
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->ask);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->to, (Endpoint{"127.0.0.1", "6381"}));
  EXPECT_TRUE(parse_redirection("ASK 0 ::1:6381")->ask);
  EXPECT_EQ(parse_redirection("ASK 0 ::1:6381")->to.host, "::1");
  EXPECT_EQ(parse_redirection("MOVED 1 :6381")->to.host, "");
  EXPECT_EQ(parse_redirection("MOVED 1 ?:6381")->to.host, "");
  for (const char* odd : {"MOVED", "MOVED ", "MOVED 1", "MOVED x h:1", "MOVED 16384 h:1", "MOVED 1 h:0",
                          "MOVED 1 h:70000", "MOVED 1 h", "MOVED 1:2 h", "ERR MOVED 1 h:1"})
    EXPECT_FALSE(parse_redirection(odd)) << odd;
}

TEST(RedisAnnouncements, SayWhoAndWhat) {
  const std::string id = new_instance_id();
  EXPECT_NE(id, new_instance_id());
  const std::string key("a b\0", 4);
  const std::string said = announce_key(id, key);
  const auto heard = parse_announcement(said);
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->instance, id);
  EXPECT_EQ(heard->key, key);
  const std::string all = announce_all(id);
  ASSERT_TRUE(parse_announcement(all));
  EXPECT_FALSE(parse_announcement(all)->key);
  for (const std::string& noise : {std::string(), id, id + " k ", id + " x y", id + " ab", "Z" + said.substr(1)})
    EXPECT_FALSE(parse_announcement(noise)) << noise;
}

TEST(RedisSweep, TakesAPrefixLiterally) {
  EXPECT_EQ(scan_pattern("authd:v1:"), "authd:v1:*");
  EXPECT_EQ(scan_pattern(""), "*");
  EXPECT_EQ(scan_pattern("a*?[b]\\^"), "a\\*\\?\\[b\\]\\\\\\^*");
}

TEST(RedisBackoff, DoublesUpToABoundAndStartsAnew) {
  net::Backoff backoff(milliseconds(100));
  for (const int whole : {100, 200, 400, 800, 1600, 2000, 2000, 2000}) {
    const auto pause = backoff.next();
    EXPECT_GE(pause, milliseconds(whole / 2));
    EXPECT_LE(pause, milliseconds(whole));
  }
  for (int i = 0; i < 100; ++i) EXPECT_LE(backoff.next(), milliseconds(2000));
  backoff.reset();
  EXPECT_LE(backoff.next(), milliseconds(100));
  EXPECT_GE(net::Backoff(milliseconds(5000)).next(), milliseconds(2500));
}

} // namespace
} // namespace authd::cache_redis
