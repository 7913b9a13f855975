// SPDX-License-Identifier: Apache-2.0
// Three instances over one Redis: what one of them learns holds for all.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "crowd.h"
#include "load.h"
#include "support/redis_server.h"
#include "support/temp_dir.h"

namespace authd::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

class Instances : public testing::Test {
 protected:
  static constexpr std::size_t kCount = 3;

  // Copies are fresh for `ttl` in both tiers.
  void start(const Crowd& crowd, std::string_view ttl, const std::string& more = {}) {
    kong_ = kong_with(crowd);
    start(*kong_, ttl, more);
  }
  void start(const FakeKong& kong, std::string_view ttl, const std::string& more = {}, int workers = 10) {
    for (std::size_t i = 0; i < kCount; ++i) {
      const std::string socket = (sockets_.path() / ("admin-" + std::to_string(i))).string();
      const std::string text = config_for(kong, {memory_tier(ttl), redis_tier(redis_.url(), ttl)},
                                          "[admin]\nlisten = \"unix:" + socket + "\"\n" + more, workers);
      instances_.push_back(std::make_unique<AuthdProcess>(text, Environment{}));
    }
    for (const auto& instance : instances_) ports_.push_back(instance->await_ready());
  }

  HttpReply tokens(std::size_t instance, const std::string& id) const {
    return get(ports_[instance], "/tokens", {{"X-Consumer-ID", id}, {"X-Consumer-Username", "crowd"}});
  }
  // As an operator does, at one instance.
  void invalidate(std::size_t instance, const std::string& id) const {
    const Finished done = run_authd({"--config", instances_[instance]->config_file(), "cache", "invalidate", id});
    EXPECT_EQ(done.exit_code, 0) << (done.errors.empty() ? std::string() : done.errors.front());
  }

  RedisServer redis_;
  TempDir sockets_;
  std::unique_ptr<FakeKong> kong_;
  std::vector<std::unique_ptr<AuthdProcess>> instances_;
  std::vector<std::uint16_t> ports_;
};

TEST_F(Instances, ARotatedCredentialInvalidatedOnceIsUsedByAllAtOnce) {
  constexpr int kRotations = 20;
  const Crowd crowd(1);
  const std::string& id = crowd.ids.front();
  start(crowd, "1h");
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(key_in(tokens(i, id)), Crowd::key_of(id));

  milliseconds slowest{0};
  std::size_t old_after_new = 0;
  std::size_t asked = 0;
  std::string old_key = Crowd::key_of(id);
  for (int r = 0; r < kRotations; ++r) {
    const std::string key = "rotated-" + std::to_string(r);
    kong_->remove_credential(id, old_key);
    kong_->add_credential(id, {key, "secret-of-" + key});
    invalidate(static_cast<std::size_t>(r) % kCount, id);
    const auto invalidated = Clock::now();
    for (std::size_t i = 0; i < kCount; ++i) {
      HttpReply reply = tokens(i, id);
      while (key_in(reply) != key && Clock::now() < invalidated + seconds(5)) reply = tokens(i, id);
      EXPECT_TRUE(is_signed_with(reply, "secret-of-" + key)) << "instance " << i << ": " << reply.body;
    }
    slowest = std::max(slowest, std::chrono::duration_cast<milliseconds>(Clock::now() - invalidated));
    for (int again = 0; again < 30; ++again, ++asked) {
      if (key_in(tokens(static_cast<std::size_t>(again) % kCount, id)) != key) ++old_after_new;
    }
    old_key = key;
  }
  std::printf("%d rotations, %zu instances: used by all within %lld ms; of %zu later tokens %zu were of an old "
              "key\n",
              kRotations, kCount, static_cast<long long>(slowest.count()), asked, old_after_new);
  EXPECT_LT(slowest, seconds(1));
  EXPECT_EQ(old_after_new, 0u);
}

TEST_F(Instances, RotationUnderLoadNeverBringsAnOldKeyBack) {
  const Crowd crowd(20);
  start(crowd, "1h");
  ASSERT_EQ(ask_each(ports_, crowd.ids).failed(), 0u);
  std::atomic<bool> settled{false};
  std::atomic<std::size_t> old_keys{0};
  Load::Options options{ports_, crowd.ids};
  options.look = [&](std::size_t consumer, const HttpReply& reply) {
    const bool was_settled = settled;
    if (was_settled && key_in(reply) != "new-" + crowd.ids[consumer]) ++old_keys;
  };
  Load load(options);
  for (const std::string& id : crowd.ids) {
    kong_->remove_credential(id, Crowd::key_of(id));
    kong_->add_credential(id, {"new-" + id, "new-secret-of-" + id});
    invalidate(0, id);
  }
  load.go_on(seconds(1));
  const LoadReport before = load.take();
  settled = true;
  load.go_on(seconds(3));
  const LoadReport after = load.stop();
  std::printf("%zu rotations under load: %s\n  1 s later: %s, %zu of an old key\n", crowd.ids.size(),
              before.text().c_str(), after.text().c_str(), old_keys.load());
  EXPECT_EQ(before.failed() + after.failed(), 0u);
  EXPECT_EQ(old_keys, 0u);
}

TEST_F(Instances, AConsumerSeenAsGoneByOneIsServedByNoneAlsoWhenKongGoesDown) {
  const Crowd crowd(50);
  start(crowd, "1s", "[lookup]\nnegative_ttl = \"1s\"\n");
  ASSERT_EQ(ask_each(ports_, crowd.ids).failed(), 0u);
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(ask_each({ports_[i]}, crowd.ids).failed(), 0u);
  for (const std::string& id : crowd.ids) kong_->remove_consumer(id);
  // The first instance notices when its copies expire.
  const auto deadline = Clock::now() + seconds(20);
  for (const std::string& id : crowd.ids) {
    while (tokens(0, id).status == 200 && Clock::now() < deadline) {
    }
  }
  kong_.reset();
  std::size_t served = 0;
  std::size_t asked = 0;
  std::map<int, std::size_t> statuses;
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < kCount; ++i) {
      for (const std::string& id : crowd.ids) {
        const int status = tokens(i, id).status;
        ++statuses[status];
        ++asked;
        if (status == 200) ++served;
      }
    }
  }
  std::printf("%zu consumers seen as gone by one of %zu instances, Kong down: %zu of %zu requests served (",
              crowd.ids.size(), kCount, served, asked);
  for (const auto& [status, count] : statuses) std::printf(" %d: %zu", status, count);
  std::printf(" )\n");
  EXPECT_EQ(served, 0u);
}

// Consumers that Kong, which takes 5 ms, has no credentials for.
class NewConsumers : public Instances {
 protected:
  explicit NewConsumers(std::size_t size) : crowd_(size) {
    FakeKong::Options quiet;
    quiet.count_targets = false;
    kong_ = std::make_unique<FakeKong>(quiet);
    crowd_.move_in_without_any(*kong_);
    KongFault slow;
    slow.delay = milliseconds(5);
    kong_->set_fault(slow);
  }

  // Asks each instance for each consumer, as fast as that many connections can.
  LoadReport ask_at_once(unsigned connections) {
    Load::Options options{ports_, crowd_.ids};
    options.connections = connections;
    options.per_second = 1'000'000;
    options.requests = crowd_.ids.size() * kCount;
    options.look = [this](std::size_t, const HttpReply& reply) {
      const bool honest = reply.status == 503 && reply.body.find("AUTH_014") != std::string::npos;
      if (reply.status != 200 && !honest) ++dishonest_;
    };
    const LoadReport report = Load(options).finish();
    std::printf("%zu new consumers, %zu requests at once to %zu instances, Kong takes 5 ms\n  at once: %s\n",
                crowd_.ids.size(), options.requests, kCount, report.text().c_str());
    EXPECT_EQ(dishonest_, 0u);
    return report;
  }

  void retry_until_all_are_served() const {
    int retries = 0;
    std::size_t failed = 1;
    for (; failed != 0 && retries < 20; ++retries) failed = ask_each(ports_, crowd_.ids).failed();
    EXPECT_EQ(failed, 0u);
    std::printf("  all served after asking %d times more\n", retries);
  }

  void expect_one_credential_each() const {
    std::size_t all = 0;
    std::size_t wrong = 0;
    for (const std::string& id : crowd_.ids) {
      const std::size_t has = kong_->credentials(id).size();
      all += has;
      if (has != 1) ++wrong;
    }
    std::printf("  %zu credentials, %zu consumers with another number than one\n", all, wrong);
    EXPECT_EQ(wrong, 0u);
  }

  const Crowd crowd_;
  std::atomic<std::size_t> dishonest_{0};
};

class TenThousandNewConsumers : public NewConsumers {
 protected:
  TenThousandNewConsumers() : NewConsumers(10'000) {}
};

TEST_F(TenThousandNewConsumers, GetExactlyOneCredentialEach) {
  start(*kong_, "1h");
  ask_at_once(96);
  retry_until_all_are_served();
  expect_one_credential_each();
}

class MoreNewConsumersThanWorkers : public NewConsumers {
 protected:
  MoreNewConsumersThanWorkers() : NewConsumers(1000) {}
};

// One worker per instance and more connections than may wait for it.
TEST_F(MoreNewConsumersThanWorkers, AreToldSoAndServedOnRetry) {
  start(*kong_, "1h", "", 1);
  const LoadReport report = ask_at_once(600);
  EXPECT_GT(report.failed(), 0u) << "nothing was overloaded";
  retry_until_all_are_served();
  expect_one_credential_each();
}

} // namespace
} // namespace authd::test
