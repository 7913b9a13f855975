// SPDX-License-Identifier: Apache-2.0
// A consumer that asks for too many tokens: spec/configuration.md, rate_limit.
#include <atomic>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "shared_tier.h"

namespace authd::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{20};

Scene::Change at_most(int max_requests, const std::string& window = "1h") {
  return [=](Settings& s) {
    s.set("rate_limit", "max_requests", std::to_string(max_requests)).set_text("rate_limit", "window", window);
  };
}

TEST(RateLimit, RefusesOneMoreAndSaysWhenToComeAgain) {
  Scene scene(at_most(3));
  for (int left = 2; left >= 0; --left) {
    const HttpReply reply = scene.tokens();
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("RateLimit-Policy"), "\"default\";q=3;w=3600");
    EXPECT_THAT(reply.header("RateLimit"), MatchesRegex("\"default\";r=" + std::to_string(left) + ";t=1200"));
    EXPECT_EQ(reply.header("X-RateLimit-Limit"), "");
  }
  const HttpReply refused = scene.tokens();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(code_of(refused), "AUTH_006");
  EXPECT_THAT(refused.header("Retry-After"), MatchesRegex("1200|1199"));
  EXPECT_THAT(refused.header("RateLimit"), MatchesRegex("\"default\";r=0;t=(1200|1199)"));
  EXPECT_THAT(refused.body, HasSubstr("More than 3 tokens within 3600000 ms"));
  EXPECT_EQ(get(scene.port(), "/tokens", stranger(1)).status, 401) << "others are not concerned";
  const auto line = scene.authd.await_event(
      "request", kPatience, [](const LogLine& l) { return l.field("http.response.status_code") == "429"; });
  ASSERT_TRUE(line) << "the log says it";
}

TEST(RateLimit, CountsTokensAndNothingElse) {
  Scene scene(at_most(2));
  const std::string token = token_of(scene.tokens());
  Headers asking = kAlice;
  asking.emplace_back("Authorization", bearer(token));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get(scene.port(), "/tokens/validate", asking).status, 200);
  EXPECT_EQ(get(scene.port(), "/tokens", {{"X-Consumer-ID", kAliceId}}).status, 401) << "refused before it is counted";
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_EQ(scene.tokens().status, 429);
}

TEST(RateLimit, HasTheOlderFieldsBySetting) {
  Scene scene([](Settings& s) {
    at_most(3)(s);
    s.set("rate_limit", "legacy_headers", "true");
  });
  const HttpReply reply = scene.tokens();
  EXPECT_EQ(reply.header("X-RateLimit-Limit"), "3");
  EXPECT_EQ(reply.header("X-RateLimit-Remaining"), "2");
  EXPECT_GT(std::stoll(reply.header("X-RateLimit-Reset")), 1'700'000'000);
}

TEST(RateLimit, AReloadKeepsTheCountsAndTakesAnotherLimit) {
  Scene scene(at_most(2));
  EXPECT_EQ(scene.tokens().status, 200);
  Settings settings(scene.kong.url());
  at_most(3)(settings);
  ASSERT_TRUE(scene.authd.reload(settings.toml(), "reloaded"));
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_EQ(scene.tokens().status, 429) << "1 of 2 was half of the window, and a third more leaves less than a third";
  settings.drop("rate_limit");
  ASSERT_TRUE(scene.authd.reload(settings.toml(), "reloaded"));
  EXPECT_EQ(scene.tokens().status, 200);
  EXPECT_EQ(scene.tokens().header("RateLimit"), "");
}

TEST(RateLimit, IsExactUnderConcurrentClients) {
  constexpr int kMost = 500;
  Scene scene(at_most(kMost));
  std::atomic<int> issued{0}, refused{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(checked_thread([&] {
      HttpConnection connection(scene.port());
      for (int n = 0; n < 200; ++n) {
        connection.send(request_text("GET", "/tokens", kAlice));
        const auto reply = connection.read(kPatience);
        ASSERT_TRUE(reply);
        ++(reply->status == 200 ? issued : refused);
      }
    }));
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(issued, kMost);
  EXPECT_EQ(refused, 8 * 200 - kMost);
}

TEST(RateLimit, OverAllInstancesNeedsATierThatCanCount) {
  FakeKong kong;
  TempDir files;
  Settings settings(kong.url());
  at_most(3)(settings);
  settings.set("rate_limit", "shared", "true");
  const Finished refused = run_authd({"--config", files.write("authd.toml", settings.toml())});
  EXPECT_EQ(refused.exit_code, 78);
  EXPECT_THAT(refused.errors.front(), HasSubstr("rate_limit.shared: no [[cache]] can count for all instances"));
}

class SharedRateLimit : public SharedTier {
 protected:
  SharedRateLimit() {
    kong_.add_consumer("alice", kAliceId);
    kong_.add_credential(kAliceId, {"alice-key", kAliceSecret});
  }
  Settings limited(int max_requests, const std::string& window) const {
    Settings settings(kong_.url());
    at_most(max_requests, window)(settings);
    return settings;
  }
  bool await_token(std::size_t instance, const std::string& id) const {
    const auto deadline = Clock::now() + kPatience;
    while (tokens(instance, id).status != 200)
      if (Clock::now() > deadline) return false;
    return true;
  }
  struct Counts {
    std::atomic<std::int64_t> issued{0}, refused{0}, other{0};
  };
  // Eight clients, half of them at each instance, for so long.
  void ask(Counts& counts, std::chrono::milliseconds time) const {
    const auto end = Clock::now() + time;
    std::vector<std::thread> clients;
    for (std::size_t i = 0; i < 8; ++i) {
      clients.push_back(checked_thread([&, i] {
        HttpConnection connection(instances_[i % instances_.size()]->port());
        while (Clock::now() < end) {
          connection.send(request_text("GET", "/tokens", kAlice));
          const auto reply = connection.read(kPatience);
          ASSERT_TRUE(reply);
          ++(reply->status == 200 ? counts.issued : reply->status == 429 ? counts.refused : counts.other);
        }
      }));
    }
    for (std::thread& client : clients) client.join();
  }

  FakeKong kong_;
  int next_ = 1;
};

// Of the instance: requests that Redis did not count in time, so that the instance counted them itself.
int takes_that_failed(const std::string& metrics) {
  int failed = 0;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("operation=\"take\"") == line.npos || line.find("result=\"ok\"") != line.npos) continue;
    failed += static_cast<int>(std::stod(line.substr(line.rfind(' '))));
  }
  return failed;
}

// After t never more than max_requests + t * max_requests / window + 1, over both.
TEST_F(SharedRateLimit, HoldsOverTwoInstances) {
  start(limited(40, "1s"));
  start(limited(40, "1s"));
  Counts counts;
  const auto begun = Clock::now();
  ask(counts, std::chrono::seconds(3));
  const auto ms = std::chrono::duration_cast<milliseconds>(Clock::now() - begun).count();
  std::vector<std::string> metrics;
  int counted_locally = 0; // on a machine that is slow enough
  for (const auto& instance : instances_) {
    metrics.push_back(get(instance->port(), "/metrics", {{"Accept", "text/plain"}}).body);
    counted_locally += takes_that_failed(metrics.back());
  }
  EXPECT_LE(counts.issued, 40 + ms * 40 / 1000 + 1 + counted_locally);
  EXPECT_GE(counts.issued, 40 + 3000 * 40 / 1000 - 5);
  EXPECT_GT(counts.refused, 100);
  EXPECT_EQ(counts.other, 0);
  EXPECT_THAT(metrics[0],
              HasSubstr("cache_tier_operations_total{tier=\"cache-redis\",operation=\"take\",result=\"ok\"}"));
}

// Redis and Kong, each in each state that concerns counting: never open, and no token is lost to a Redis that is away.
TEST_F(SharedRateLimit, HoldsInEachInstanceWhileRedisCannotCount) {
  struct Fault {
    const char* name;
    std::function<void(RedisServer&)> begin, end;
  };
  const Fault faults[] = {
      {"dead", [](RedisServer& r) { r.kill(); }, [](RedisServer& r) { r.restart(); }},
      {"frozen", [](RedisServer& r) { r.freeze(); }, [](RedisServer& r) { r.thaw(); }},
      {"full",
       [](RedisServer& r) {
         r.run({"CONFIG", "SET", "maxmemory", "1"});
       },
       [](RedisServer& r) {
         r.run({"CONFIG", "SET", "maxmemory", "0"});
       }},
      {"forbids TIME",
       [](RedisServer& r) {
         r.run({"ACL", "SETUSER", "default", "-time"});
       },
       [](RedisServer& r) {
         r.run({"ACL", "SETUSER", "default", "+time"});
       }},
  };
  start(limited(30, "1h"));
  start(limited(30, "1h"));
  for (const std::size_t instance : {0U, 1U}) ASSERT_EQ(tokens(instance, kAliceId).status, 200);
  for (const bool kong_down : {false, true}) {
    for (const Fault& fault : faults) {
      SCOPED_TRACE(std::string(fault.name) + (kong_down ? ", and Kong is down" : ""));
      // Who is new to the tables of both instances, and has copies in their memory.
      const std::string id = stranger_id(++next_);
      kong_.set_fault({KongFault::Kind::none});
      kong_.add_consumer("stranger" + std::to_string(next_), id);
      kong_.add_credential(id, {"key" + std::to_string(next_), kAliceSecret});
      for (const std::size_t instance : {0U, 1U}) ASSERT_TRUE(await_token(instance, id));
      if (kong_down) kong_.set_fault({KongFault::Kind::error_500});
      fault.begin(redis_);
      for (const std::size_t instance : {0U, 1U}) {
        int issued = 0, refused = 0;
        for (int i = 0; i < 60; ++i) {
          const int status = tokens(instance, id).status;
          ++(status == 200 ? issued : refused);
          EXPECT_TRUE(status == 200 || status == 429) << status;
        }
        EXPECT_LE(issued, 30) << "its own whole limit";
        EXPECT_GE(issued, 28) << "and no less but for what was counted when Redis was asked in vain";
        EXPECT_GT(refused, 0);
      }
      fault.end(redis_);
    }
  }
}

} // namespace
} // namespace authd::test
