// SPDX-License-Identifier: Apache-2.0
// Redis holds what authd did not write: it is a miss, it is gone afterwards, and the secret is Kong's.
#include <atomic>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <Poco/SHA2Engine.h>
#include <gtest/gtest.h>

#include "crowd.h"
#include "load.h"
#include "support/redis_server.h"

namespace authd::test {
namespace {

using std::chrono::seconds;

constexpr const char* kOneKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
constexpr const char* kAnotherKey = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";

std::string sealed_with(const std::string& keys) { return "[lookup]\nencryption_keys = [" + keys + "]\n"; }
std::string quoted(const char* text) { return '"' + std::string(text) + '"'; }

std::vector<std::string> keys_in(const RedisServer& redis) {
  std::vector<std::string> keys;
  std::istringstream all(redis.run({"KEYS", "*"}));
  for (std::string key; std::getline(all, key);) keys.push_back(key);
  return keys;
}

// The value of one key as the tier would have written it under another: its sum, which guards against
// accidents only, covers the key (plugins/cache-redis/formats.h).
std::string moved_to(const std::string& key, const std::string& value) {
  constexpr std::size_t kSumAt = 16;
  constexpr std::size_t kHeader = 24;
  std::string length(8, '\0');
  for (std::size_t i = 8, left = key.size(); i-- > 0; left >>= 8) length[i] = static_cast<char>(left & 0xff);
  Poco::SHA2Engine engine(Poco::SHA2Engine::SHA_256);
  for (const std::string& part : {length, key, value.substr(0, kSumAt), value.substr(kHeader)})
    engine.update(part.data(), part.size());
  const auto& digest = engine.digest();
  return value.substr(0, kSumAt) + std::string(digest.begin(), digest.begin() + 8) + value.substr(kHeader);
}

class RedisGarbage : public testing::Test {
 protected:
  // Serves each consumer once, by a process that is gone afterwards: only Redis remembers.
  void fill(const std::string& more = {}) {
    AuthdProcess authd(config_for(*kong_, {redis_tier(redis_.url(), "1h")}, more), {});
    authd.await_ready();
    const LoadReport filling = ask_each({authd.await_ready()}, crowd_.ids);
    ASSERT_EQ(filling.failed(), 0u) << filling.text();
    // Redis is written to after the answer; what has been written counts.
    Load::Options again{{authd.port()}, crowd_.ids};
    Load load(again);
    ASSERT_TRUE(load.until([&] { return keys_in(redis_).size() == crowd_.ids.size(); }, seconds(20)));
  }

  // Serves each consumer by a fresh process and says how many lists Kong was asked for.
  std::size_t serve(const char* after, const std::string& more = {}) {
    AuthdProcess authd(config_for(*kong_, {memory_tier("1h"), redis_tier(redis_.url(), "1h")}, more), {});
    authd.await_ready();
    kong_->forget_traffic();
    std::atomic<std::size_t> wrong{0};
    Load::Options options{{authd.port()}, crowd_.ids};
    options.requests = crowd_.ids.size();
    options.look = [&](std::size_t consumer, const HttpReply& reply) {
      const std::string& id = crowd_.ids[consumer];
      if (key_in(reply) != Crowd::key_of(id) || !is_signed_with(reply, Crowd::secret_of(id))) ++wrong;
    };
    const LoadReport report = Load(options).finish();
    const std::size_t lists = kong_->traffic()[KongOperation::list];
    std::printf("%s: %s; %zu wrong secrets, %zu asked of Kong\n", after, report.text().c_str(), wrong.load(), lists);
    EXPECT_EQ(report.failed(), 0u);
    EXPECT_EQ(wrong, 0u);
    return lists;
  }

  const Crowd crowd_{100};
  std::unique_ptr<FakeKong> kong_ = kong_with(crowd_);
  RedisServer redis_;
};

TEST_F(RedisGarbage, NothingIsMissedWhenNothingIsWrong) {
  fill();
  EXPECT_EQ(serve("values as written"), 0u);
}

TEST_F(RedisGarbage, ValuesThatAreNoneAreMisses) {
  fill();
  const std::vector<std::string> garbage{"", "garbage", std::string(64, '\0'), std::string(1 << 20, 'x'),
                                         "{\"secret\":\"wrong\"}"};
  std::size_t n = 0;
  for (const std::string& key : keys_in(redis_)) redis_.run({"SET", key, garbage[n++ % garbage.size()]});
  EXPECT_EQ(serve("garbage"), crowd_.ids.size());
}

TEST_F(RedisGarbage, AValueOf50MegabytesIsAMissAndNotTakenIn) {
  fill();
  const std::string huge = keys_in(redis_).front();
  redis_.run({"SETRANGE", huge, std::to_string(50 << 20), "x"});
  // Redis has one thread: whoever asks while it frees the value may not wait for long enough.
  EXPECT_GE(serve("one of 50 MB"), 1u);
  EXPECT_LT(std::stoul(redis_.run({"STRLEN", huge})), 1u << 20) << "it is still there";
}

TEST_F(RedisGarbage, ValuesOfAnotherTypeAreMisses) {
  fill();
  for (const std::string& key : keys_in(redis_)) {
    redis_.run({"DEL", key});
    redis_.run({"LPUSH", key, "not", "a", "string"});
  }
  EXPECT_EQ(serve("lists instead of strings"), crowd_.ids.size());
}

TEST_F(RedisGarbage, CutAndFlippedSealedValuesAreMisses) {
  fill(sealed_with(quoted(kOneKey)));
  std::size_t n = 0;
  for (const std::string& key : keys_in(redis_)) {
    std::string value = redis_.run({"GET", key});
    if (n++ % 2 == 0) {
      value.resize(value.size() / 2);
    } else {
      value[value.size() - 1 - n % value.size()] ^= 1;
    }
    redis_.run({"SET", key, value});
  }
  EXPECT_EQ(serve("cut or flipped", sealed_with(quoted(kOneKey))), crowd_.ids.size());
}

TEST_F(RedisGarbage, ValuesSealedWithAnUnknownKeyAreMisses) {
  fill(sealed_with(quoted(kOneKey)));
  redis_.run({"CONFIG", "RESETSTAT"});
  EXPECT_EQ(serve("sealed with an unknown key", sealed_with(quoted(kAnotherKey))), crowd_.ids.size());
  EXPECT_EQ(redis_.calls_of("publish"), 0u) << "other instances were told to drop what they can open";
}

TEST_F(RedisGarbage, ValuesSealedWithTheKeyBeforeAreOpened) {
  fill(sealed_with(quoted(kOneKey)));
  const std::string both = quoted(kAnotherKey) + ", " + quoted(kOneKey);
  EXPECT_EQ(serve("sealed with the key before", sealed_with(both)), 0u);
}

TEST_F(RedisGarbage, SomeoneElsesSealedValueUnderAKeyIsAMiss) {
  fill(sealed_with(quoted(kOneKey)));
  const std::vector<std::string> keys = keys_in(redis_);
  std::vector<std::string> values;
  for (const std::string& key : keys) values.push_back(redis_.run({"GET", key}));
  ASSERT_EQ(moved_to(keys.front(), values.front()), values.front()) << "the tier's format is another one";
  for (std::size_t i = 0; i < keys.size(); ++i)
    redis_.run({"SET", keys[i], moved_to(keys[i], values[(i + 1) % keys.size()])});
  EXPECT_EQ(serve("each value under the next one's key", sealed_with(quoted(kOneKey))), crowd_.ids.size());
  for (const std::string& key : keys)
    for (const std::string& id : crowd_.ids) ASSERT_EQ(key.find(id), std::string::npos) << key;
}

} // namespace
} // namespace authd::test
