// SPDX-License-Identifier: Apache-2.0
// What an operator who drops a consumer is told: spec/token-service.md, "Operations".
#include "shared_tier.h"

namespace authd::test {
namespace {

class Invalidation : public SharedTier {
 protected:
  Invalidation() {
    kong_.add_consumer("alice", kAliceId);
    kong_.add_credential(kAliceId, {"alice-key", kAliceSecret});
  }
  // Copies in both tiers, under the id and under the username.
  void warm(std::size_t instance) const {
    for (const std::string& name : {kAliceId, std::string("alice")}) {
      ASSERT_EQ(tokens(instance, name).status, 200);
      ASSERT_TRUE(await_copy_in_redis(name));
    }
  }

  FakeKong kong_;
};

TEST_F(Invalidation, OfAUsernameSaysWhatWasDroppedUnderItAndUnderTheId) {
  const std::size_t one = start(Settings(kong_.url()));
  warm(one);
  const Finished done = invalidate(one, "alice");
  EXPECT_EQ(text(done.output),
            R"({"invalidated":4,"resolved":true,"everywhere":true,"dropped":{"cache-memory":2,"cache-redis":2}})");
  EXPECT_EQ(done.exit_code, 0);
}

TEST_F(Invalidation, OfAnIdReachesTheOtherInstances) {
  const std::size_t one = start(Settings(kong_.url()));
  const std::size_t other = start(Settings(kong_.url()));
  warm(one);
  ASSERT_EQ(tokens(other, kAliceId).status, 200);
  kong_.remove_credential(kAliceId, "alice-key");
  kong_.add_credential(kAliceId, {"alice-key", "the-rotated-secret"});
  EXPECT_EQ(text(invalidate(one, kAliceId).output),
            R"({"invalidated":2,"resolved":true,"everywhere":true,"dropped":{"cache-memory":1,"cache-redis":1}})");
  EXPECT_TRUE(await_secret(other, kAliceId, "the-rotated-secret"));
}

TEST_F(Invalidation, OfANameThatNobodyKnowsIsAnError) {
  const std::size_t one = start(Settings(kong_.url()));
  ASSERT_EQ(tokens(one, kAliceId).status, 200);
  const Finished done = invalidate(one, "alcie");
  EXPECT_EQ(done.exit_code, 1);
  EXPECT_NE(text(done.errors).find("\"status\":404"), std::string::npos) << text(done.errors);
}

TEST_F(Invalidation, DropsTheNameItselfWhileTheGatewayIsDown) {
  const std::size_t one = start(Settings(kong_.url()));
  warm(one);
  kong_.set_fault({KongFault::Kind::error_500});
  for (const std::string dropped : {"1", "0"}) {
    const Finished done = invalidate(one, "alice");
    EXPECT_EQ(done.exit_code, 0);
    EXPECT_NE(text(done.output).find(R"("resolved":false,"everywhere":true,"dropped":{"cache-memory":)" + dropped),
              std::string::npos)
        << text(done.output);
  }
}

TEST_F(Invalidation, IsNotEverywhereWhileRedisIsAway) {
  const std::size_t one = start(Settings(kong_.url()));
  warm(one);
  redis_.kill();
  const Finished done = invalidate(one, kAliceId);
  EXPECT_EQ(text(done.output),
            R"({"invalidated":1,"resolved":true,"everywhere":false,"dropped":{"cache-memory":1,"cache-redis":null}})");
  EXPECT_EQ(done.exit_code, 2);
  EXPECT_NE(text(done.errors).find("not everywhere"), std::string::npos);
}

// It may be shared with anybody, and tells nobody.
TEST_F(Invalidation, IsNotEverywhereWithARemoteTierThatDoesNotAnnounce) {
  const std::size_t one =
      start(Settings(kong_.url()), "1h", "[[cache]]\nplugin = \"" AUTHD_TEST_PLUGINS "/remote-sample.so\"\n");
  warm(one);
  const Finished done = invalidate(one, kAliceId);
  EXPECT_NE(text(done.output).find(R"("everywhere":false)"), std::string::npos) << text(done.output);
  EXPECT_EQ(done.exit_code, 2);
  const Finished all = invalidate(one, "--all");
  EXPECT_NE(text(all.output).find(R"("everywhere":false)"), std::string::npos) << text(all.output);
}

TEST_F(Invalidation, OfEverythingCountsTheCopiesOfTheMemoryTier) {
  const std::size_t one = start(Settings(kong_.url()));
  warm(one);
  const Finished done = invalidate(one, "--all");
  EXPECT_EQ(text(done.output),
            R"({"invalidated":2,"resolved":true,"everywhere":true,"dropped":{"cache-memory":2,"cache-redis":null}})");
  EXPECT_EQ(done.exit_code, 0);
}

} // namespace
} // namespace authd::test
