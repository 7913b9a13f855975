// SPDX-License-Identifier: Apache-2.0
// What a stack says of its tiers when a consumer, or everything, is dropped.
#include "pipeline/drop_result.h"

#include "tier_fixture.h"

namespace authd::pipeline {
namespace {

using Copies = std::vector<std::optional<std::int64_t>>;

class DropResultTest : public test::TierFixture {
 protected:
  void TearDown() override { stack.reset(); } // it refers to a test's own tiers

  static Copies copies_of(const DropResult& result) {
    Copies all;
    for (const TierDrop& drop : result.tiers()) all.push_back(drop.copies);
    return all;
  }
  // In every tier that a build has made.
  void fill_all() const {
    fill(kId, record("k"));
    ASSERT_TRUE(stack->fill_local(kId, record("k"), stack->mark(kId)));
  }
};

TEST_F(DropResultTest, CountsTheCopiesThatEachTierHad) {
  build({&memory, &more_memory, &remote});
  fill_all();
  const DropResult first = stack->drop(kId);
  EXPECT_EQ(copies_of(first), (Copies{1, 1, 1}));
  EXPECT_EQ(first.tiers()[2].tier, "remote");
  EXPECT_EQ(first.copies(), 3);
  EXPECT_FALSE(first.found_nothing());
  const DropResult second = stack->drop(kId);
  EXPECT_EQ(copies_of(second), (Copies{0, 0, 0}));
  EXPECT_TRUE(second.found_nothing());
  EXPECT_TRUE(second.everywhere());
}

// There `ok` means either.
TEST_F(DropResultTest, DoesNotKnowWhatATierOfAbi10Had) {
  test::ScriptedTier old{"old", AUTHD_CACHE_REMOTE, 0};
  build({&memory, &old});
  fill_all();
  const DropResult result = stack->drop(kId);
  EXPECT_EQ(copies_of(result), (Copies{1, std::nullopt}));
  EXPECT_EQ(result.copies(), 1);
  EXPECT_TRUE(result.everywhere());
  EXPECT_FALSE(stack->drop(kId).found_nothing()) << "it may have had one";
}

TEST_F(DropResultTest, IsEverywhereWhenNoTierIsShared) {
  build({&memory, &disk});
  EXPECT_TRUE(stack->drop(kId).everywhere());
  EXPECT_TRUE(stack->drop_all().everywhere());
}

TEST_F(DropResultTest, IsNotEverywhereWithARemoteTierThatTellsNobody) {
  test::ScriptedTier silent{"silent", AUTHD_CACHE_REMOTE, AUTHD_ABI_MINOR, false};
  test::ScriptedTier shared_memory{"shm", AUTHD_CACHE_REMOTE | AUTHD_CACHE_NONBLOCKING, AUTHD_ABI_MINOR, false};
  for (test::ScriptedTier* tier : {&silent, &shared_memory}) {
    build({&memory, tier, &remote});
    EXPECT_TRUE(stack->drop(kId).told());
    EXPECT_FALSE(stack->drop(kId).everywhere());
    EXPECT_FALSE(stack->drop_all().everywhere());
  }
}

TEST_F(DropResultTest, IsNotEverywhereWhenATierCouldNotBeTold) {
  for (test::ScriptedTier* failing : {&remote, &memory, &disk}) {
    build({&memory, &disk, &remote});
    fill_all();
    failing->fail_everything();
    const DropResult one = stack->drop(kId);
    const DropResult all = stack->drop_all();
    failing->mend();
    EXPECT_FALSE(one.told());
    EXPECT_FALSE(one.everywhere());
    EXPECT_FALSE(one.found_nothing());
    EXPECT_EQ(one.copies(), 2) << "of the others";
    EXPECT_FALSE(all.everywhere());
  }
}

TEST_F(DropResultTest, OfEverythingCountsWhatALocalTierSaysThatItHeld) {
  build({&memory, &remote});
  fill_all();
  ASSERT_TRUE(stack->fill_local("another", record("k"), stack->mark("another")));
  EXPECT_EQ(copies_of(stack->drop_all()), (Copies{2, std::nullopt}));
  memory.fail("stats");
  EXPECT_EQ(copies_of(stack->drop_all()), (Copies{std::nullopt, std::nullopt}));
}

TEST_F(DropResultTest, IsTheSumOfTwo) {
  test::ScriptedTier old{"old", 0, 0};
  build({&memory, &remote, &old});
  fill_all();
  DropResult sum = stack->drop(kId);
  remote.fail("del");
  sum += stack->drop("nobody");
  EXPECT_EQ(copies_of(sum), (Copies{1, std::nullopt, std::nullopt}));
  EXPECT_FALSE(sum.everywhere());
  DropResult nothing;
  nothing += sum;
  EXPECT_EQ(copies_of(nothing), copies_of(sum));
}

} // namespace
} // namespace authd::pipeline
