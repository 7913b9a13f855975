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
  void start(const FakeKong& kong, std::string_view ttl, const std::string& more = {}) {
    for (std::size_t i = 0; i < kCount; ++i) {
      const std::string socket = (sockets_.path() / ("admin-" + std::to_string(i))).string();
      const std::string text = config_for(kong, {memory_tier(ttl), redis_tier(redis_.url(), ttl)},
                                          "[admin]\nlisten = \"unix:" + socket + "\"\n" + more);
      instances_.push_back(std::make_unique<AuthdProcess>(text, Environment{}));
    }
    for (const auto& instance : instances_) ports_.push_back(instance->await_ready());
  }

  HttpReply tokens(std::size_t instance, const std::string& id) const {
    return get(ports_[instance], "/tokens", {{"X-Consumer-ID", id}, {"X-Consumer-Username", "crowd"}});
  }
  // As an operator does, at one instance.
  void invalidate(std::size_t instance, const std::string& id) const {
    const Finished done =
        run_authd({"--config", instances_[instance]->config_file(), "cache", "invalidate", id});
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
  std::printf(
      "%d rotations, %zu instances: used by all within %lld ms; of %zu later tokens %zu were of an old "
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

TEST_F(Instances, ManyNewConsumersAtOnceGetExactlyOneCredentialEach) {
  const Crowd crowd(10'000);
  FakeKong::Options quiet;
  quiet.count_targets = false;
  kong_ = std::make_unique<FakeKong>(quiet);
  crowd.move_in_without_any(*kong_);
  KongFault slow;
  slow.delay = milliseconds(5);
  kong_->set_fault(slow);
  start(*kong_, "1h", "[lookup]\nnegative_ttl = \"1s\"\n");

  std::atomic<std::size_t> dishonest{0};
  Load::Options options{ports_, crowd.ids};
  options.connections = 96;
  options.per_second = 1'000'000;
  options.requests = crowd.ids.size() * kCount;
  options.look = [&](std::size_t, const HttpReply& reply) {
    const bool honest = reply.status == 503 && reply.body.find("AUTH_014") != std::string::npos;
    if (reply.status != 200 && !honest) ++dishonest;
  };
  const LoadReport first = Load(options).finish();
  std::printf("%zu new consumers, %zu requests over %zu instances, Kong takes 5 ms\n  at once: %s\n",
              crowd.ids.size(), options.requests, kCount, first.text().c_str());
  int retries = 0;
  std::vector<std::string> left = crowd.ids;
  for (; !left.empty() && retries < 20; ++retries) {
    const LoadReport retry = ask_each(ports_, left);
    if (retry.failed() == 0) left.clear();
  }
  std::size_t credentials = 0;
  std::size_t wrong = 0;
  for (const std::string& id : crowd.ids) {
    const std::size_t has = kong_->credentials(id).size();
    credentials += has;
    if (has != 1) ++wrong;
  }
  std::printf("  all served after %d retries; %zu credentials, %zu consumers with another number than one\n",
              retries, credentials, wrong);
  EXPECT_TRUE(left.empty());
  EXPECT_EQ(dishonest, 0u);
  EXPECT_EQ(wrong, 0u);
}

} // namespace
} // namespace authd::test
