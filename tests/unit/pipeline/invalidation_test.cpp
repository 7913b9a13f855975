// SPDX-License-Identifier: Apache-2.0
// An operator names a consumer by id or by username: what stands under either is dropped.
#include "lookup_fixture.h"

namespace authd::pipeline {
namespace {

using test::Answer;
using Consumer = Invalidation::Consumer;

class InvalidationTest : public test::LookupFixture {
 protected:
  void SetUp() override {
    gateway.on_resolve = [this](const std::string& consumer) {
      ++resolved;
      if (consumer == "alice" || consumer == kId) return Answer{AUTHD_OK, {{std::string(kId), ""}}};
      return Answer{AUTHD_NOT_FOUND, {}};
    };
    guard.prove_base();
    build_lookup({&memory, &remote});
  }
  void hold(std::string_view consumer) {
    put_local("k", seconds(10), milliseconds(0), consumer);
    store(remote, consumer, record("k"));
  }
  bool holds(std::string_view consumer) const {
    return memory.holds(std::string(consumer)) || remote.holds(name_of(consumer));
  }

  std::atomic<int> resolved{0};
};

TEST_F(InvalidationTest, OfAUsernameDropsWhatStandsUnderTheIdToo) {
  hold("alice");
  hold(kId);
  hold("another");
  const Invalidation done = lookup->invalidate("alice");
  EXPECT_EQ(done.consumer, Consumer::known);
  EXPECT_EQ(done.dropped.copies(), 4);
  EXPECT_TRUE(done.dropped.everywhere());
  EXPECT_FALSE(holds("alice") || holds(kId));
  EXPECT_TRUE(holds("another"));
}

TEST_F(InvalidationTest, OfAnIdDropsItOnce) {
  hold(kId);
  const Invalidation done = lookup->invalidate(kId);
  EXPECT_EQ(done.consumer, Consumer::known);
  EXPECT_EQ(done.dropped.copies(), 2);
  EXPECT_EQ(remote.asked("del"), 1u);
}

TEST_F(InvalidationTest, OfANameThatNobodyKnowsIsOfNobody) { EXPECT_TRUE(lookup->invalidate("alcie").is_of_nobody()); }

// Such as one that was deleted in the gateway a moment ago.
TEST_F(InvalidationTest, OfWhomATierStillKnowsIsNotOfNobody) {
  hold("gone");
  const Invalidation done = lookup->invalidate("gone");
  EXPECT_EQ(done.consumer, Consumer::unknown);
  EXPECT_FALSE(done.is_of_nobody());
  EXPECT_FALSE(holds("gone"));
}

TEST_F(InvalidationTest, DropsWhatTheNameItselfHasWhenTheGatewayIsDown) {
  gateway.on_resolve = [](const std::string&) { return Answer{AUTHD_UNAVAILABLE, {}}; };
  hold("alice");
  const Invalidation done = lookup->invalidate("alice");
  EXPECT_EQ(done.consumer, Consumer::gateway_is_silent);
  EXPECT_EQ(done.dropped.copies(), 2);
  EXPECT_FALSE(lookup->invalidate("alice").is_of_nobody()) << "nobody can know";
}

TEST_F(InvalidationTest, DoesNotAskAGatewayBehindAnOpenBreaker) {
  gateway.on_resolve = [this](const std::string&) {
    ++resolved;
    return Answer{AUTHD_UNAVAILABLE, {}};
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(lookup->invalidate(kId).consumer, Consumer::gateway_is_silent);
  EXPECT_EQ(resolved, 5);
  EXPECT_EQ(lookup->invalidate(kId).consumer, Consumer::gateway_is_silent);
  EXPECT_EQ(resolved, 5);
}

TEST_F(InvalidationTest, OfEverythingAsksForNobody) {
  hold(kId);
  const Invalidation done = lookup->invalidate_all();
  EXPECT_EQ(done.consumer, Consumer::everybody);
  EXPECT_FALSE(done.is_of_nobody());
  EXPECT_FALSE(holds(kId));
  EXPECT_EQ(resolved, 0);
}

// An adapter need not resolve: then the list tells whether it knows the consumer.
TEST_F(InvalidationTest, AsksAGatewayThatCannotResolveForItsList) {
  test::ScriptedGateway plain(true, false);
  plain.on_list = [](const std::string& consumer) {
    return consumer == "alice" ? Answer{AUTHD_OK, {}} : Answer{AUTHD_NOT_FOUND, {}};
  };
  SecretLookup over_plain({}, *stack, plain.gateway(), guard, health, lanes, recorder);
  EXPECT_EQ(over_plain.invalidate("alice").consumer, Consumer::known);
  EXPECT_TRUE(over_plain.invalidate("alcie").is_of_nobody());
}

} // namespace
} // namespace authd::pipeline
