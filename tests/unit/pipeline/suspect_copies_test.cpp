// SPDX-License-Identifier: Apache-2.0
// The channel of a remote tier was lost and restored: what was invalidated meanwhile was not heard, so local copies
// are in doubt until they were read again. They are never dropped for it.
#include "lookup_fixture.h"

namespace authd::pipeline {
namespace {

using test::Answer;

constexpr FreshnessClock kNoGrace{0.2, milliseconds(0)};

class SuspectCopies : public test::LookupFixture {
 protected:
  void SetUp() override {
    gateway.on_probe = [] { return std::pair{AUTHD_UNAVAILABLE, false}; };
  }
  void gateway_is_down() {
    gateway.on_list = [](const std::string&) { return Answer{AUTHD_UNAVAILABLE, {}}; };
  }
};

TEST_F(SuspectCopies, SignWithinTheGraceAndAreConfirmedByOneRead) {
  build_lookup({&memory, &remote});
  put_local("k", seconds(30));
  const std::string same = record("k");
  store(remote, kId, same);
  stack->restored();
  EXPECT_EQ(signs_at_once(), "k");
  std::string value;
  ASSERT_TRUE(await([&] { return stack->get_local(kId, value) == Freshness::fresh; }));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(signs_at_once(), "k");
  EXPECT_EQ(remote.asked("get_stale"), 1u);
  EXPECT_EQ(recorder.calls("list"), 0) << "a gap causes no storm on the gateway";
}

TEST_F(SuspectCopies, AreAskedForFirstAfterTheGrace) {
  build_lookup({&memory, &remote}, kNoGrace);
  put_local("revoked", seconds(30), seconds(10));
  store(remote, kId, record("rotated"));
  stack->restored();
  EXPECT_EQ(signs_at_once(), "");
  EXPECT_EQ(key_of(ask()), "rotated");
  EXPECT_EQ(signs_at_once(), "rotated");
}

// Redis is back empty and the gateway is down: fifty of fifty warm consumers got 503.
TEST_F(SuspectCopies, StayGoodAsStaleCopiesWhenTheTierIsEmptyAndTheGatewayDown) {
  build_lookup({&memory, &remote}, kNoGrace);
  gateway_is_down();
  for (int i = 0; i < 50; ++i) put_local("k", seconds(30), {}, "warm" + std::to_string(i));
  stack->restored();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) {
      const LookupResult result = ask("warm" + std::to_string(i));
      ASSERT_EQ(key_of(result), "k") << "consumer " << i << ", round " << round;
      EXPECT_TRUE((*result)->stale);
    }
  }
}

TEST_F(SuspectCopies, AreNotAskedForAgainForASecondWhenThatFailed) {
  build_lookup({&memory, &remote}, kNoGrace);
  gateway_is_down();
  put_local("k", seconds(30));
  stack->restored();
  EXPECT_EQ(key_of(ask()), "k");
  const std::size_t reads = remote.asked("get_stale");
  const SteadyTime begun = steady_now();
  while (steady_now() - begun < milliseconds(200)) ASSERT_EQ(key_of(ask()), "k");
  EXPECT_EQ(remote.asked("get_stale"), reads);
}

TEST_F(SuspectCopies, SignWhenTheLaneIsOverloaded) {
  build_lookup({&memory, &remote}, kNoGrace);
  put_local("k", seconds(30));
  stack->restored();
  std::promise<void> release;
  const auto released = release.get_future().share();
  remote.before = [released](const std::string&, const std::string&) {
    released.wait();
    return AUTHD_OK;
  };
  for (int i = 0; i < 80; ++i) lookup->begin("cold" + std::to_string(i), [](const LookupResult&) {});
  const LookupResult result = ask();
  EXPECT_EQ(key_of(result), "k") << "nobody who has a suspect copy gets 503";
  release.set_value();
}

TEST_F(SuspectCopies, AreReplacedByWhatTheGatewayListsWhenTheTierHasNone) {
  build_lookup({&memory, &remote}, kNoGrace);
  put_local("revoked", seconds(30), seconds(10));
  stack->restored();
  EXPECT_EQ(key_of(ask()), "listed");
  EXPECT_EQ(signs_at_once(), "listed");
}

TEST_F(SuspectCopies, AreDroppedWhenTheGatewaySaysThatTheConsumerIsGone) {
  build_lookup({&memory, &remote}, kNoGrace);
  guard.prove_base();
  put_local("k", seconds(30));
  stack->restored();
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_NOT_FOUND, {}}; };
  EXPECT_EQ(ask().error().code, Code::unknown_consumer);
  EXPECT_TRUE(memory.content().empty());
}

TEST_F(SuspectCopies, AreDroppedWhenAnotherInstanceDropsThem) {
  build_lookup({&memory, &remote});
  put_local("k", seconds(30));
  stack->restored();
  stack->invalidated(name_of(kId));
  EXPECT_TRUE(memory.content().empty());
  put_local("k", seconds(30));
  stack->cleared();
  EXPECT_TRUE(memory.content().empty());
}

// It was asked for before the channel was restored, so it may be from before an invalidation that nobody heard.
TEST_F(SuspectCopies, AreAlsoThoseThatWereFetchedMeanwhile) {
  build_lookup({&memory, &remote});
  gateway.on_list = [this](const std::string&) {
    stack->restored();
    return Answer{AUTHD_OK, {{"a", "listed"}}};
  };
  EXPECT_EQ(key_of(ask()), "listed");
  finish();
  std::string value;
  EXPECT_EQ(stack->get_local(kId, value), Freshness::suspect);
  EXPECT_FALSE(remote.holds(name_of(kId))) << "other instances would take it for confirmed";
}

TEST_F(SuspectCopies, AreThoseOfTheStackBeforeAReloadToo) {
  build_lookup({&memory, &remote});
  put_local("k", seconds(30));
  const TierSlot slot{memory.tier(), kTtl, std::chrono::minutes(30), kReadTimeout};
  const TierStack next({slot}, kClock, Sealer({}), recorder, history);
  stack->restored();
  std::string value;
  EXPECT_EQ(next.get_local(kId, value), Freshness::suspect);
}

} // namespace
} // namespace authd::pipeline
