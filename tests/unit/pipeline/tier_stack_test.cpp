// SPDX-License-Identifier: Apache-2.0
#include "pipeline/tier_stack.h"

#include <thread>

#include "tier_fixture.h"

namespace authd::pipeline {
namespace {

using State = CircuitBreaker::State;
using TierStackTest = test::TierFixture;

Secret cache_key(char fill) { return Secret(std::string(Sealer::kKeyBytes, fill)); }

// --- order ---------------------------------------------------------------------------------------------

TEST_F(TierStackTest, AnswersFromTheFirstTierThatHasACopy) {
  build({&memory, &more_memory});
  more_memory.put(std::string(kId), stamped(record("second")));
  EXPECT_EQ(local_key(), "second");
  memory.put(std::string(kId), stamped(record("first")));
  EXPECT_EQ(local_key(), "first");
  EXPECT_EQ(more_memory.asked("get"), 1u);
}

TEST_F(TierStackTest, AsksBlockingTiersInTheirOrder) {
  build({&memory, &remote, &farther});
  store(farther, kId, record("farther"));
  EXPECT_EQ(blocking_key(), "farther");
  store(remote, kId, record("nearer"));
  EXPECT_EQ(blocking_key(), "nearer");
  EXPECT_EQ(farther.asked("get_stale"), 1u);
}

TEST_F(TierStackTest, PrefersAFreshCopyFartherAwayToAStaleOneAtHand) {
  build({&memory, &remote, &farther});
  store(remote, kId, record("stale", 2 * kTtl));
  const auto stale = stack->get_blocking(kId);
  ASSERT_TRUE(stale);
  EXPECT_EQ(stale->freshness, Freshness::stale);
  store(farther, kId, record("fresh"));
  const auto fresh = stack->get_blocking(kId);
  ASSERT_TRUE(fresh);
  EXPECT_EQ(fresh->freshness, Freshness::fresh);
  EXPECT_EQ(CredentialRecord::decode(fresh->record)->newest().key, "fresh");
}

// --- filling above -------------------------------------------------------------------------------------

TEST_F(TierStackTest, PutsAFreshCopyIntoTheTiersAboveForAsLongAsItIsStillFresh) {
  build({&memory, &more_memory, &remote});
  store(remote, kId, record("k", kTtl - milliseconds(20'000)));
  EXPECT_EQ(blocking_key(), "k");
  for (const auto* tier : {&memory, &more_memory}) {
    EXPECT_TRUE(tier->holds(std::string(kId)));
    EXPECT_GT(tier->ttl_ms(std::string(kId)), 0);
    EXPECT_LE(tier->ttl_ms(std::string(kId)), 20'000);
  }
}

TEST_F(TierStackTest, KeepsAStaleCopyToItself) {
  build({&memory, &remote});
  store(remote, kId, record("k", 2 * kTtl));
  EXPECT_EQ(blocking_key(), "k");
  EXPECT_TRUE(memory.content().empty());
}

// --- breakers ------------------------------------------------------------------------------------------

TEST_F(TierStackTest, SkipsATierThatFailedThreeTimesAndReadsTheNext) {
  build({&remote, &farther});
  store(farther, kId, record("k"));
  remote.fail("get_stale");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(blocking_key(), "k");
  EXPECT_EQ(remote.asked("get_stale"), 3u);
  EXPECT_EQ(recorder.moves(), std::vector<State>{State::open});
  EXPECT_FALSE(stack->blocking_tiers_are_down(steady_now())) << "one of two is";
}

TEST_F(TierStackTest, GoesOnReadingATierThatRefusesWritesAtOnce) {
  build({&memory, &remote});
  store(remote, kId, record("k"));
  remote.fail("del", AUTHD_UNAVAILABLE);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(stack->drop("gone" + std::to_string(i)).told());
  EXPECT_EQ(blocking_key(), "k");
  remote.fail("del", AUTHD_TIMEOUT);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(stack->drop("gone" + std::to_string(i)).told());
  EXPECT_TRUE(stack->blocking_tiers_are_down(steady_now())) << "each holds up a worker";
}

TEST_F(TierStackTest, SaysThatBlockingTiersAreDownWhenAllAreSkipped) {
  build({&memory, &remote});
  remote.fail("get_stale");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(blocking_key(), "");
  EXPECT_TRUE(stack->blocking_tiers_are_down(steady_now()));
}

TEST_F(TierStackTest, SkipsABusyTierAfterFiveFailuresInARowHoweverManyReadsWentWellBefore) {
  build({&remote});
  for (int i = 0; i < 1000; ++i) static_cast<void>(blocking_key());
  remote.fail("get_stale", AUTHD_TIMEOUT);
  for (int i = 0; i < 100; ++i) static_cast<void>(blocking_key());
  EXPECT_EQ(remote.asked("get_stale"), 1005u);
}

TEST_F(TierStackTest, ReadsATierAgainThatAnswersItsProbe) {
  build({&remote});
  store(remote, kId, record("k"));
  remote.fail_everything();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(blocking_key(), "");
  remote.mend();
  const SteadyTime give_up = steady_now() + kLongEnough;
  while (blocking_key().empty()) ASSERT_LT(steady_now(), give_up);
  EXPECT_EQ(recorder.moves(), (std::vector<State>{State::open, State::half_open, State::closed}));
}

TEST_F(TierStackTest, GivesATierThatRefusesCopiesOneASecond) {
  build({&remote});
  remote.fail("set", AUTHD_DENIED);
  const SteadyTime begun = steady_now();
  for (int i = 0; i < 100; ++i) fill("consumer" + std::to_string(i), record("k"));
  const auto elapsed = std::chrono::ceil<seconds>(steady_now() - begun);
  EXPECT_LE(remote.asked("set"), 1u + static_cast<std::size_t>(elapsed.count()));
}

// --- sealing -------------------------------------------------------------------------------------------

TEST_F(TierStackTest, TakesAValueThatDoesNotOpenForAMissCountsAndDeletesIt) {
  build({&memory, &remote}, {cache_key('a')});
  fill(kId, record("k"));
  ASSERT_EQ(remote.content().size(), 1u);
  const auto [name, good] = *remote.content().begin();
  std::string flipped = good;
  flipped.back() ^= 1;
  int failures = 0;
  for (const std::string& bad :
       {std::string(), std::string("garbage"), flipped, good.substr(0, good.size() / 2), bound(kId, record("k"))}) {
    remote.put(name, bad);
    EXPECT_EQ(blocking_key(), "");
    EXPECT_FALSE(remote.holds(name));
    EXPECT_EQ(recorder.tier_failures("open"), ++failures);
  }
  EXPECT_TRUE(memory.content().empty());
  remote.put(name, good);
  EXPECT_EQ(blocking_key(), "k");
  EXPECT_TRUE(recorder.moves().empty()) << "the tier itself is well";
}

// While cache keys are rotated an instance meets what it cannot open yet, and others can.
TEST_F(TierStackTest, LeavesAValueThatAnInstanceWithOtherKeysCanOpen) {
  build({&remote}, {cache_key('b'), cache_key('a')});
  fill(kId, record("k"));
  const auto content = remote.content();
  build({&remote}, {cache_key('a')});
  EXPECT_EQ(blocking_key(), "");
  EXPECT_EQ(remote.content(), content);
  EXPECT_EQ(remote.asked("del"), 0u);
  EXPECT_EQ(recorder.tier_failures("open"), 1);
  build({&remote}, {cache_key('c'), cache_key('b')});
  EXPECT_EQ(blocking_key(), "k");
}

TEST_F(TierStackTest, TakesTheValueOfAnotherConsumerForAMiss) {
  build({&remote});
  remote.put(name_of(kId), bound("another", record("k")));
  EXPECT_EQ(blocking_key(), "");
  EXPECT_FALSE(remote.holds(name_of(kId)));
}

TEST_F(TierStackTest, ShowsARemoteTierNeitherIdsNorSecretsWhenThereIsACacheKey) {
  build({&memory, &remote}, {cache_key('a')});
  fill(kId, record("k"));
  ASSERT_EQ(remote.content().size(), 1u);
  const auto [name, value] = *remote.content().begin();
  EXPECT_EQ(name.find(kId), std::string::npos);
  EXPECT_EQ(value.find("secret"), std::string::npos);
  EXPECT_EQ(blocking_key(), "k");
}

// What blocks does I/O: whatever it says of itself, its values leave the process.
TEST_F(TierStackTest, SealsAlsoForABlockingTierThatDoesNotCallItselfRemote) {
  build({&memory, &disk}, {cache_key('a')});
  fill(kId, record("k"));
  ASSERT_EQ(disk.content().size(), 1u);
  EXPECT_EQ(disk.content().begin()->second.find("secret"), std::string::npos);
  EXPECT_EQ(blocking_key(), "k");
}

TEST_F(TierStackTest, SkipsATierThatDoesNotKeepItsDeadline) {
  build({&memory, &remote});
  store(remote, kId, record("k"));
  remote.before = [](const std::string&, const std::string&) {
    const SteadyTime late = steady_now() + kReadTimeout + milliseconds(60);
    while (steady_now() < late) std::this_thread::yield();
    return AUTHD_OK;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(blocking_key(), "k") << "what came late is still good";
  EXPECT_TRUE(stack->blocking_tiers_are_down(steady_now()));
  EXPECT_EQ(blocking_key(), "");
  EXPECT_EQ(remote.asked("get_stale"), 3u);
}

TEST_F(TierStackTest, AsksABlockingTierThatDoesNotSayHowItIsForItsStatisticsBehindItsBreaker) {
  test::ScriptedTier mute{"remote", AUTHD_CACHE_REMOTE, AUTHD_ABI_MINOR, true, false};
  build({&memory, &mute});
  fill(kId, record("k"));
  EXPECT_FALSE(stack->states()[1].entries()) << "not asked yet";
  stack->poll();
  EXPECT_EQ(stack->states()[1].entries(), 1);
  mute.fail("stats");
  for (int i = 0; i < 10; ++i) stack->poll();
  EXPECT_FALSE(stack->states()[1].entries()) << "what it said before is no longer known";
  EXPECT_TRUE(stack->blocking_tiers_are_down(steady_now()));
  stack.reset(); // it refers to the tier
}

TEST_F(TierStackTest, KnowsATierThatRefusesWritesUntilItStoresAgain) {
  build({&memory, &remote});
  EXPECT_TRUE(stack->states()[1].condition.is_well());
  remote.fail("set");
  fill(kId, record("k"));
  EXPECT_TRUE(stack->states()[1].condition.answers);
  EXPECT_TRUE(stack->states()[1].condition.impaired);
  EXPECT_FALSE(stack->states()[1].condition.why.empty());
  remote.mend();
  const SteadyTime give_up = steady_now() + kLongEnough; // it is given another copy after a pause
  while (!stack->states()[1].condition.is_well() && steady_now() < give_up) fill(kId, record("k"));
  EXPECT_TRUE(stack->states()[1].condition.is_well());
}

TEST_F(TierStackTest, BelievesATierThatSaysItRefusesWrites) {
  build({&memory, &remote});
  remote.says = {AUTHD_HEALTH_DEGRADED, "it refuses writes"};
  stack->poll();
  EXPECT_TRUE(stack->states()[1].condition.impaired);
  EXPECT_EQ(stack->states()[1].condition.why, "it refuses writes");
  remote.fail("set");
  fill(kId, record("k"));
  remote.mend();
  remote.says = {};
  stack->poll(); // nothing was stored meanwhile
  EXPECT_TRUE(stack->states()[1].condition.is_well());
}

TEST_F(TierStackTest, ATierThatSaysItIsDownHoldsNoCopiesAndIsSkippedUntilItSaysOtherwise) {
  build({&memory, &remote});
  EXPECT_TRUE(stack->may_hold_copies()) << "nothing is known of it yet";
  remote.says = {AUTHD_HEALTH_DOWN, "connection refused"};
  stack->poll();
  EXPECT_FALSE(stack->may_hold_copies());
  EXPECT_FALSE(stack->states()[1].condition.answers);
  EXPECT_EQ(stack->states()[1].condition.why, "connection refused");
  for (int i = 0; i < 5; ++i) stack->poll();
  EXPECT_TRUE(stack->blocking_tiers_are_down(steady_now()));
  const int reported = recorder.tier_failures("health");
  for (int i = 0; i < 5; ++i) stack->poll();
  EXPECT_EQ(recorder.tier_failures("health"), reported) << "that it is still away is no news";
  remote.says = {};
  stack->poll();
  EXPECT_TRUE(stack->states()[1].condition.is_well());
  EXPECT_FALSE(stack->blocking_tiers_are_down(steady_now())) << "recovery is asked for, not waited for";
}

TEST_F(TierStackTest, ATierThatIsToBeClearedOrSaysItIsEmptyHoldsNoCopies) {
  build({&memory, &remote});
  fill(kId, record("k"));
  stack->poll();
  EXPECT_TRUE(stack->may_hold_copies());
  remote.fail("clear");
  EXPECT_FALSE(stack->drop_all().told());
  EXPECT_FALSE(stack->may_hold_copies()) << "what it holds must not be read any more";
  remote.mend();
  const SteadyTime give_up = steady_now() + kLongEnough;
  while (remote.asked("clear") < 2 && steady_now() < give_up) stack->flush_deletions();
  stack->poll();
  EXPECT_EQ(stack->states()[1].entries(), 0);
  EXPECT_FALSE(stack->may_hold_copies());
  fill(kId, record("k"));
  stack->poll();
  EXPECT_TRUE(stack->may_hold_copies());
}

TEST_F(TierStackTest, DoesNotAskATierOfAbi10ForItsStatistics) {
  test::ScriptedTier old{"old", AUTHD_CACHE_REMOTE, 0};
  build({&memory, &old});
  stack->poll();
  EXPECT_EQ(old.asked("stats"), 0u);
  EXPECT_EQ(old.asked("health"), 0u);
  EXPECT_FALSE(stack->states()[1].entries());
  stack.reset(); // it refers to the tier
}

// --- across a reload ------------------------------------------------------------------------------------

TEST_F(TierStackTest, PassesPendingDeletionsToTheStackThatComesAfterIt) {
  const auto pending = std::make_shared<PendingDeletions>();
  const TierSlot slot{remote.tier(), kTtl, std::chrono::minutes(30), kReadTimeout, pending};
  TierStack before({slot}, kClock, Sealer({}), recorder);
  store(remote, kId, record("revoked"));
  remote.fail_everything();
  EXPECT_FALSE(before.drop(kId).told());
  remote.mend();
  TierStack after({slot}, kClock, Sealer({}), recorder);
  EXPECT_FALSE(after.get_blocking(kId)) << "read although it was dropped before the reload";
}

TEST_F(TierStackTest, StoresNothingThatTheStackBesideItWasToldToDrop) {
  const auto history = std::make_shared<TierHistory>();
  const TierSlot slot{memory.tier(), kTtl, std::chrono::minutes(30), kReadTimeout};
  TierStack retiring({slot}, kClock, Sealer({}), recorder, history);
  TierStack serving({slot}, kClock, Sealer({}), recorder, history);
  const FetchMark mark = retiring.mark(kId);
  serving.drop(kId);
  EXPECT_FALSE(retiring.fill_local(kId, record("revoked"), mark));
  EXPECT_TRUE(memory.content().empty());
}

TEST_F(TierStackTest, TakesBackACopyThatWasInvalidatedWhileItWasStored) {
  build({&memory, &remote});
  bool once = true;
  remote.before = [&](const std::string& operation, const std::string&) {
    if (operation == "set" && std::exchange(once, false)) stack->drop(kId);
    return AUTHD_OK;
  };
  fill(kId, record("revoked"));
  EXPECT_EQ(remote.asked("set"), 1u);
  EXPECT_FALSE(remote.holds(name_of(kId)));
}

// --- epochs --------------------------------------------------------------------------------------------

TEST_F(TierStackTest, StoresNothingThatWasInvalidatedSinceItsFetchBegan) {
  build({&memory, &remote});
  const FetchMark mark = stack->mark(kId);
  stack->invalidated(name_of(kId)); // by another instance
  EXPECT_FALSE(stack->fill_local(kId, record("old"), mark));
  stack->fill_blocking(kId, record("old"), mark);
  EXPECT_TRUE(memory.content().empty());
  EXPECT_TRUE(remote.content().empty());

  const FetchMark next = stack->mark(kId);
  EXPECT_TRUE(stack->fill_local(kId, record("new"), next));
  stack->fill_blocking(kId, record("new"), next);
  EXPECT_EQ(local_key(), "new");
  EXPECT_TRUE(remote.holds(name_of(kId)));
}

TEST_F(TierStackTest, LeavesNothingAboveOfACopyThatWasInvalidatedWhileItWasRead) {
  build({&memory, &remote});
  store(remote, kId, record("old"));
  remote.before = [&](const std::string& operation, const std::string& key) {
    if (operation == "get_stale") stack->invalidated(key);
    return AUTHD_OK;
  };
  static_cast<void>(stack->get_blocking(kId));
  EXPECT_EQ(memory.asked("set"), 1u) << "nothing was put above that could have been left there";
  EXPECT_TRUE(memory.content().empty());
}

TEST_F(TierStackTest, DropsLocalCopiesOfWhatAnotherInstanceInvalidatesAndOfAllWhenEverythingWasCleared) {
  build({&memory, &remote}, {cache_key('a')});
  fill(kId, record("k")); // its name is a digest
  ASSERT_TRUE(stack->fill_local(kId, record("k"), stack->mark(kId)));
  ASSERT_TRUE(stack->fill_local("another", record("k"), stack->mark("another")));
  stack->invalidated("somebody's:else");
  EXPECT_EQ(memory.content().size(), 2u);
  stack->invalidated(remote.content().begin()->first);
  EXPECT_EQ(local_key(), "");
  EXPECT_EQ(local_key("another"), "k");
  stack->cleared();
  EXPECT_TRUE(memory.content().empty());
}

} // namespace
} // namespace authd::pipeline
