// SPDX-License-Identifier: Apache-2.0
#include "plugin/cache_tier.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "fixtures.h"
#include "scripted.h"

namespace authd::plugin {
namespace {

using test::CapturedLog;
using test::Scripted;

class CacheTierTest : public testing::Test {
 protected:
  CacheTier tier() { return CacheTier(backend_.adopted(log_.get())); }
  test::Script& script() { return backend_.script; }
  // get answers these bytes in one put.
  void answer(const std::string& value) {
    script().cache_get = [this, value](auto, auto, authd_out* out) {
      return script().host->put(script().host, out, to_bytes(value));
    };
  }

  CapturedLog log_;
  Scripted backend_{AUTHD_CACHE_V1};
  Call call_;
  std::string value_;
};

} // namespace

TEST_F(CacheTierTest, ReplacesTheValueInTheCapacityItHas) {
  answer("fresh");
  value_.assign(1000, 'x');
  const char* const storage = value_.data();
  EXPECT_EQ(tier().get(call_, "k", value_), CallStatus::ok);
  EXPECT_EQ(value_, "fresh");
  EXPECT_EQ(value_.data(), storage);
}

TEST_F(CacheTierTest, LeavesNothingBehindOnAMiss) {
  script().cache_get = [this](auto, auto, authd_out* out) {
    script().host->put(script().host, out, to_bytes("half an ans"));
    return AUTHD_NOT_FOUND;
  };
  EXPECT_EQ(tier().get(call_, "k", value_), CallStatus::not_found);
  EXPECT_TRUE(value_.empty());
}

TEST_F(CacheTierTest, TakesAtMostOneMebibyte) {
  answer(std::string(1 << 20, 'x'));
  EXPECT_EQ(tier().get(call_, "k", value_), CallStatus::ok);
  EXPECT_EQ(value_.size(), 1u << 20);
  script().cache_get = [this](auto, auto, authd_out* out) {
    const std::string big((1 << 20) + 1, 'x');
    EXPECT_EQ(script().host->put(script().host, out, to_bytes(big)), AUTHD_INVALID);
    return AUTHD_OK; // does not care
  };
  EXPECT_EQ(tier().get(call_, "k", value_), CallStatus::corrupt);
  EXPECT_TRUE(value_.empty());
}

TEST_F(CacheTierTest, StopsExceptionsAndUnknownStatuses) {
  script().cache_get = [](auto, auto, auto) -> authd_status { throw std::runtime_error("boom"); };
  EXPECT_EQ(tier().get(call_, "k", value_), CallStatus::internal);
  EXPECT_EQ(call_.take_failure(CallStatus::internal).message, "threw boom");
  script().cache_get = [](auto, auto, auto) { return authd_status{1234}; };
  EXPECT_EQ(tier().get_stale(call_, "k", value_), CallStatus::internal);
}

TEST_F(CacheTierTest, DoesWithoutStatistics) { EXPECT_FALSE(tier().stats(call_).known); }

TEST_F(CacheTierTest, KnowsThatATierDoesNotKnowItsEntries) {
  static std::uint64_t entries;
  backend_.cache.stats = [](void*, const authd_call*, authd_cache_stats* out) -> authd_status {
    *out = {out->size, 0, entries, 99, 7, 5};
    return AUTHD_OK;
  };
  entries = 3;
  TierStats stats = tier().stats(call_);
  EXPECT_TRUE(stats.known);
  EXPECT_EQ(stats.entries, 3u);
  EXPECT_EQ(stats.bytes, 99u);
  entries = UINT64_MAX;
  stats = tier().stats(call_);
  EXPECT_FALSE(stats.known);
  EXPECT_EQ(stats.entries, 0u);
  EXPECT_EQ(stats.evictions, 5u);
}

// A plugin of 1.0 was promised that its blocking stats are never called, and answers OK to any del.
TEST_F(CacheTierTest, ExpectsOfATierWhatItsMinorSays) {
  backend_.cache.stats = [](void*, const authd_call*, authd_cache_stats*) -> authd_status { return AUTHD_OK; };
  const auto of_minor = [&](unsigned minor) { return CacheTier(*backend_.try_adopt(log_.get(), {}, minor)); };
  EXPECT_EQ(of_minor(0).min_minor(), 0u);
  EXPECT_FALSE(of_minor(0).stats_when_blocking());
  EXPECT_FALSE(of_minor(0).tells_deletions());
  EXPECT_TRUE(of_minor(1).stats_when_blocking());
  EXPECT_TRUE(of_minor(1).tells_deletions());
  backend_.cache.flags = AUTHD_CACHE_NONBLOCKING;
  EXPECT_FALSE(of_minor(1).stats_when_blocking()) << "it does not block";
  backend_.cache.flags = 0;
  backend_.cache.stats = nullptr;
  EXPECT_FALSE(of_minor(1).stats_when_blocking()) << "it has none";
}

// A tier that forgets nothing would go on serving what was revoked.
TEST_F(CacheTierTest, IsNotMadeOfABackendThatCannotBeCleared) {
  backend_.cache.clear = nullptr;
  EXPECT_THROW(tier(), std::runtime_error);
}

TEST_F(CacheTierTest, ShowsItsFlags) {
  EXPECT_FALSE(tier().nonblocking());
  backend_.cache.flags = AUTHD_CACHE_NONBLOCKING | AUTHD_CACHE_REMOTE;
  EXPECT_TRUE(tier().nonblocking());
  EXPECT_TRUE(tier().remote());
}

TEST_F(CacheTierTest, SerialisesABackendThatAsksForIt) {
  backend_.cache.flags = AUTHD_CACHE_SERIALIZED;
  std::atomic<bool> inside{false};
  std::atomic<int> overlaps{0};
  script().cache_get = [&](auto, auto, auto) {
    if (inside.exchange(true)) ++overlaps;
    std::this_thread::yield();
    inside = false;
    return AUTHD_NOT_FOUND;
  };
  const CacheTier shared = tier();
  const auto work = [&shared] {
    Call call;
    std::string value;
    for (int i = 0; i < 20'000; ++i) EXPECT_EQ(shared.get(call, "k", value), CallStatus::not_found);
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(overlaps, 0);
}

TEST_F(CacheTierTest, IsRefusedWithoutARequiredOperation) {
  backend_.cache.del = nullptr;
  const auto refused = backend_.try_adopt(log_.get());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, RefusalCode::operation_missing);
  EXPECT_NE(refused.error().line.find("lacks del"), std::string::npos) << refused.error().line;
  EXPECT_TRUE(script().life.empty()) << "nothing was created";
}

TEST_F(CacheTierTest, IsNotMadeOfAnotherKind) {
  Scripted gateway(AUTHD_GATEWAY_V1);
  EXPECT_THROW(CacheTier(gateway.adopted(log_.get())), std::invalid_argument);
}

} // namespace authd::plugin
