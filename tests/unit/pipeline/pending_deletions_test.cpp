// SPDX-License-Identifier: Apache-2.0
// Deletions that a tier could not be told of: what it still holds is not served, and is gone when it is back.
#include <atomic>

#include "tier_fixture.h"

namespace authd::pipeline {
namespace {

class PendingDeletionsTest : public test::TierFixture {
 protected:
  void SetUp() override {
    build({&memory, &remote});
    store(remote, kId, record("old"));
    store(remote, "another", record("another"));
  }
  void leave_pending(std::string_view consumer = kId) {
    remote.fail("del");
    EXPECT_FALSE(stack->drop(consumer).told());
    remote.mend();
  }
  void leave_all_pending() {
    remote.fail("clear");
    EXPECT_FALSE(stack->drop_all().told());
    remote.mend();
  }
};

TEST_F(PendingDeletionsTest, AreNoneWhenTheTierIsTold) {
  EXPECT_TRUE(stack->drop(kId).told());
  EXPECT_FALSE(remote.holds(name_of(kId)));
  stack->flush_deletions();
  EXPECT_EQ(remote.asked("del"), 1u);
}

TEST_F(PendingDeletionsTest, KeepTheTierFromBeingReadAndFilledForThatConsumerUntilTheyAreSettled) {
  leave_pending();
  EXPECT_EQ(blocking_key(), "");
  EXPECT_EQ(blocking_key("another"), "another");
  fill(kId, record("new"));
  EXPECT_EQ(remote.asked("set"), 0u);

  stack->flush_deletions();
  EXPECT_FALSE(remote.holds(name_of(kId)));
  EXPECT_TRUE(remote.holds(name_of("another")));
  fill(kId, record("new"));
  EXPECT_EQ(blocking_key(), "new");
}

// A request waits for its read; it may not wait for others' deletions as well.
TEST_F(PendingDeletionsTest, AreNotSettledByReadsAndFills) {
  leave_pending();
  const std::size_t before = remote.asked("del");
  EXPECT_EQ(blocking_key("another"), "another");
  fill("another", record("new"));
  EXPECT_EQ(remote.asked("del"), before);
}

// It answers reads, as a read-only Redis does, so that its breaker stays closed.
TEST_F(PendingDeletionsTest, AreTriedOnceASecondAndNoKeyBeyondTheFirstThatFails) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(blocking_key("another"), "another");
  leave_pending();
  leave_pending("one more");
  remote.fail("del", AUTHD_DENIED);
  const std::size_t before = remote.asked("del");
  const SteadyTime begun = steady_now();
  for (int i = 0; i < 100; ++i) {
    stack->flush_deletions();
    for (int reads = 0; reads < 3; ++reads) EXPECT_EQ(blocking_key("another"), "another");
  }
  const auto elapsed = std::chrono::ceil<seconds>(steady_now() - begun);
  EXPECT_GT(remote.asked("del"), before);
  EXPECT_LE(remote.asked("del"), before + 1 + static_cast<std::size_t>(elapsed.count()));
}

TEST_F(PendingDeletionsTest, AreSettledBehindTheBreaker) {
  leave_pending();
  remote.fail("get_stale");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(blocking_key("another"), "");
  ASSERT_TRUE(stack->blocking_tiers_are_down(steady_now()));
  const std::size_t before = remote.asked("del");
  stack->flush_deletions();
  // Unless a second has passed, and this was the probe.
  EXPECT_TRUE(remote.asked("del") == before || !stack->blocking_tiers_are_down(steady_now()));

  remote.mend();
  const SteadyTime give_up = steady_now() + kLongEnough;
  while (remote.holds(name_of(kId))) {
    ASSERT_LT(steady_now(), give_up);
    stack->flush_deletions();
  }
  EXPECT_EQ(blocking_key("another"), "another");
}

TEST_F(PendingDeletionsTest, OfAKeyThatIsInvalidatedAgainWhileItIsSettledAreSettledAgain) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(blocking_key("another"), "another"); // its breaker stays closed
  leave_pending();
  std::atomic<int> deletions{0};
  remote.before = [&](const std::string& operation, const std::string&) -> authd_status {
    if (operation != "del" || ++deletions != 1) return AUTHD_OK;
    // The pending deletion is under way, and one that comes now fails.
    remote.fail("del");
    stack->drop(kId);
    store(remote, kId, record("put by another instance in between"));
    return AUTHD_NOT_FOUND;
  };
  stack->flush_deletions();
  EXPECT_EQ(blocking_key(), "") << "the deletion that was added meanwhile was forgotten";
}

TEST_F(PendingDeletionsTest, OfEverythingKeepTheTierFromBeingReadAndAreSettledWithoutAnybodyReadingIt) {
  leave_all_pending();
  EXPECT_EQ(blocking_key(), "");
  EXPECT_EQ(blocking_key("another"), "");
  stack->flush_deletions();
  EXPECT_TRUE(remote.content().empty());
  fill(kId, record("new"));
  EXPECT_EQ(blocking_key(), "new");
}

// A clear may take five seconds: a tier that does not even answer a read is not asked for one.
TEST_F(PendingDeletionsTest, OfEverythingAreNotTriedAtATierThatDoesNotAnswer) {
  leave_all_pending();
  const std::size_t before = remote.asked("clear");
  remote.fail("get_stale", AUTHD_TIMEOUT);
  stack->flush_deletions();
  EXPECT_EQ(remote.asked("get_stale"), 1u);
  EXPECT_EQ(remote.asked("clear"), before);
}

// Such a thread has others waiting for it.
TEST_F(PendingDeletionsTest, OfEverythingAreLeftByAThreadThatMustNotBeKept) {
  leave_pending();
  stack->poll();
  EXPECT_FALSE(remote.holds(name_of(kId)));
  leave_all_pending();
  const std::size_t before = remote.asked("clear");
  stack->poll();
  EXPECT_EQ(remote.asked("clear"), before);
  EXPECT_TRUE(remote.holds(name_of("another")));
}

TEST_F(PendingDeletionsTest, BecomeOneOfEverythingWhenTheyAreTooMany) {
  remote.fail("del");
  for (int i = 0; i <= 10'000; ++i) EXPECT_FALSE(stack->drop("consumer" + std::to_string(i)).told());
  remote.mend();
  const std::size_t deletions = remote.asked("del");
  const SteadyTime give_up = steady_now() + kLongEnough;
  while (!remote.content().empty()) { // the breaker is open for a second
    EXPECT_EQ(blocking_key("another"), "");
    ASSERT_LT(steady_now(), give_up);
    stack->flush_deletions();
  }
  EXPECT_EQ(remote.asked("clear"), 1u);
  EXPECT_EQ(remote.asked("del"), deletions);
}

TEST_F(PendingDeletionsTest, OfOneTierDoNotKeepAnotherFromBeingRead) {
  build({&remote, &farther});
  store(farther, kId, record("farther"));
  remote.fail("del");
  EXPECT_FALSE(stack->drop(kId).told());
  EXPECT_FALSE(farther.holds(name_of(kId)));
  store(farther, kId, record("new"));
  EXPECT_EQ(blocking_key(), "new");
}

} // namespace
} // namespace authd::pipeline
