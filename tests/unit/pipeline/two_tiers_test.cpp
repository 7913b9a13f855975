// SPDX-License-Identifier: Apache-2.0
// Refresh ahead: whoever is in steady use never waits for the gateway, with one tier or two, and of many instances
// one asks it for all.
#include "lookup_fixture.h"

namespace authd::pipeline {
namespace {

using test::Answer;

constexpr milliseconds kDueAge{55'000}; // of kTtl = 60 s

class TwoTiers : public test::LookupFixture {};

TEST_F(TwoTiers, LeaveAFreshCopyAlone) {
  build_lookup({&memory, &remote});
  put_local("k", seconds(10));
  EXPECT_EQ(signs_at_once(), "k");
  finish();
  EXPECT_EQ(recorder.calls("list"), 0);
  EXPECT_EQ(remote.asked("get_stale"), 0u);
}

TEST_F(TwoTiers, RefreshADueCopyFromTheGatewayWhenThereIsNoRemoteTier) {
  build_lookup({&memory});
  put_due("old", kDueAge);
  EXPECT_EQ(signs_at_once(), "old");
  ASSERT_TRUE(await([&] { return local_key() == "listed"; }));
  EXPECT_EQ(recorder.calls("list"), 1);
}

// The remote copy is as old as the local one: to take it again would change nothing, and each hit would do so.
TEST_F(TwoTiers, AskTheGatewayWhenTheRemoteCopyIsDueToo) {
  build_lookup({&memory, &remote});
  put_due("old", kDueAge);
  store(remote, kId, record("old", kDueAge));
  EXPECT_EQ(signs_at_once(), "old");
  ASSERT_TRUE(await([&] { return local_key() == "listed"; }));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(signs_at_once(), "listed");
  EXPECT_EQ(recorder.calls("list"), 1);
  EXPECT_EQ(remote.asked("get_stale"), 1u);
}

TEST_F(TwoTiers, TakeWhatAnotherInstanceHasRefreshed) {
  build_lookup({&memory, &remote});
  put_due("old", kDueAge);
  store(remote, kId, record("refreshed elsewhere"));
  EXPECT_EQ(signs_at_once(), "old");
  ASSERT_TRUE(await([&] { return local_key() == "refreshed elsewhere"; }));
  EXPECT_EQ(recorder.calls("list"), 0);
}

TEST_F(TwoTiers, AnswerWithADueRemoteCopyAndRefreshItAtOnce) {
  build_lookup({&memory, &remote});
  store(remote, kId, record("old", kDueAge));
  EXPECT_EQ(key_of(ask()), "old");
  ASSERT_TRUE(await([&] { return local_key() == "listed"; }));
  EXPECT_EQ(recorder.calls("list"), 1);
}

TEST_F(TwoTiers, DoNotAskAgainForASecondWhatWasAskedForInVain) {
  build_lookup({&memory, &remote});
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_UNAVAILABLE, {}}; };
  put_due("old", kDueAge);
  store(remote, kId, record("old", kDueAge));
  EXPECT_EQ(signs_at_once(), "old");
  ASSERT_TRUE(await([&] { return recorder.calls("list") == 1; }));
  const SteadyTime begun = steady_now();
  while (steady_now() - begun < milliseconds(200)) ASSERT_EQ(signs_at_once(), "old");
  EXPECT_LE(recorder.calls("list"), 1);
}

// A rotation that this instance has seen is not undone by a remote tier that has not.
TEST_F(TwoTiers, DoNotTakeARemoteCopyThatIsOlderThanTheOneAtHand) {
  build_lookup({&memory, &remote});
  put_due("rotated", milliseconds(1000));
  store(remote, kId, record("from before the rotation", milliseconds(2000)));
  EXPECT_EQ(signs_at_once(), "rotated");
  ASSERT_TRUE(await([&] { return local_key() == "listed"; }));
  EXPECT_EQ(recorder.calls("list"), 1);
}

TEST_F(TwoTiers, StoreWhatTheGatewayListedInTheRemoteTierOnTheLaneForReads) {
  build_lookup({&memory, &remote});
  EXPECT_EQ(key_of(ask()), "listed");
  ASSERT_TRUE(await([&] { return remote.holds(name_of(kId)); }));
}

// --- overload ---------------------------------------------------------------------------------------------

TEST_F(TwoTiers, AnswerFromTheRemoteTierWhileEveryWorkerWaitsForTheGateway) {
  build_lookup({&memory, &remote});
  std::promise<void> release;
  const auto released = release.get_future().share();
  gateway.on_list = [released](const std::string&) {
    released.wait();
    return Answer{AUTHD_OK, {{"a", "k"}}};
  };
  for (int i = 0; i < 8; ++i) lookup->begin("cold" + std::to_string(i), [](const LookupResult&) {});
  store(remote, kId, record("k"));
  EXPECT_EQ(key_of(ask()), "k");
  release.set_value();
}

} // namespace
} // namespace authd::pipeline
