// SPDX-License-Identifier: Apache-2.0
// A consumer without a credential gets one. Copies of the one before, which somebody has deleted in the gateway, sign
// tokens that it refuses: whoever makes the new one drops them, here and in every other instance.
#include <latch>

#include "lookup_fixture.h"

namespace authd::pipeline {
namespace {

using test::Answer;
using test::Listed;

class MadeCredential : public test::LookupFixture {
 protected:
  MadeCredential() {
    gateway.on_list = [](const std::string&) { return Answer{}; };
    gateway.on_create = [](const std::string&, const Listed&) { return Answer{AUTHD_OK, {{"new", "made"}}}; };
  }

  // As stale copies: with a fresh one nobody would ask the gateway.
  void hold_old_copies(std::string_view consumer = kId) {
    memory.put(std::string(consumer), stamped_long_ago(record("old", 2 * kTtl)));
    store(remote, consumer, record("old", 2 * kTtl));
  }
  std::string remote_key() const {
    const auto content = remote.content();
    const auto it = content.find(name_of(kId));
    std::string opened;
    if (it == content.end() || Sealer({}).open(it->first, it->second, opened) != Sealer::Opened::value) return {};
    return std::string(CredentialRecord::decode(opened)->newest().key);
  }
  milliseconds due_in() const {
    std::string value = memory.content().at(std::string(kId));
    return milliseconds(LocalStamp::take_from(value)->due_at_ms - unix_millis(wall_now()));
  }

 private:
  // Of another period, so that it is suspect, and after the grace stale.
  static std::string stamped_long_ago(std::string value) {
    LocalStamp{unix_millis(wall_now()), 0}.append_to(value);
    return value;
  }
};

constexpr FreshnessClock kNoGrace{0.2, milliseconds(0)};

TEST_F(MadeCredential, TakesThePlaceOfEveryCopyFromBefore) {
  build_lookup({&memory, &remote}, kNoGrace);
  hold_old_copies();
  EXPECT_EQ(key_of(ask()), "made");
  EXPECT_EQ(local_key(), "made");
  finish();
  EXPECT_EQ(remote.asked("del"), 1u) << "the other instances were not told";
  EXPECT_EQ(remote_key(), "made");
}

TEST_F(MadeCredential, SignsBeforeTheRemoteTierIsTold) {
  build_lookup({&memory, &remote});
  std::latch answered{1};
  remote.before = [&](const std::string& operation, const std::string&) {
    if (operation == "del") answered.wait();
    return AUTHD_OK;
  };
  EXPECT_EQ(key_of(ask()), "made");
  answered.count_down();
  finish();
  EXPECT_EQ(remote.asked("del"), 1u);
}

TEST_F(MadeCredential, OfAConsumerKnownByNameDropsWhatStandsUnderTheIdToo) {
  const std::string id = "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0"; // what the gateway resolves it to
  build_lookup({&memory, &remote}, kNoGrace);
  hold_old_copies(id);
  EXPECT_EQ(key_of(ask("alice")), "made");
  finish();
  EXPECT_FALSE(memory.holds(id));
  EXPECT_FALSE(remote.holds(name_of(id)));
  EXPECT_TRUE(remote.holds(name_of("alice")));
}

// A create that failed may have been carried out.
class CredentialPerhapsMade : public MadeCredential, public testing::WithParamInterface<authd_status> {};
INSTANTIATE_TEST_SUITE_P(, CredentialPerhapsMade, testing::Values(AUTHD_TIMEOUT, AUTHD_UNAVAILABLE, AUTHD_CORRUPT));

TEST_P(CredentialPerhapsMade, TakesThePlaceOfEveryCopyFromBeforeToo) {
  gateway.on_create = [](const std::string&, const Listed&) { return Answer{GetParam(), {}}; };
  build_lookup({&memory, &remote}, kNoGrace);
  hold_old_copies();
  const LookupResult result = ask();
  ASSERT_FALSE(result) << "signed with a copy of what is gone";
  EXPECT_EQ(result.error().code, Code::gateway_unavailable);
  finish();
  EXPECT_FALSE(memory.holds(std::string(kId)));
  EXPECT_FALSE(remote.holds(name_of(kId)));
}

TEST_F(MadeCredential, IsNoneWhenTheGatewayLimitsTheRate) {
  gateway.on_create = [](const std::string&, const Listed&) { return Answer{AUTHD_RATE_LIMITED, {}, 3000}; };
  build_lookup({&memory, &remote}, kNoGrace);
  hold_old_copies();
  EXPECT_EQ(key_of(ask()), "old");
  finish();
  EXPECT_EQ(remote.asked("del"), 0u);
}

// That one tells all.
TEST_F(MadeCredential, OfAnotherInstanceIsThatInstancesToTell) {
  gateway.on_list = [this](const std::string&) {
    return recorder.calls("create") == 0 ? Answer{} : Answer{AUTHD_OK, {{"new", "made"}}};
  };
  gateway.on_create = [](const std::string&, const Listed&) { return Answer{AUTHD_CONFLICT, {}}; };
  build_lookup({&memory, &remote});
  EXPECT_EQ(key_of(ask()), "made");
  finish();
  EXPECT_EQ(remote.asked("del"), 0u);
  EXPECT_EQ(remote_key(), "made");
}

TEST_F(MadeCredential, IsToldLaterWhenTheRemoteTierIsAway) {
  build_lookup({&memory, &remote}, kNoGrace);
  hold_old_copies();
  std::atomic<bool> away{true};
  remote.before = [&](const std::string& operation, const std::string&) -> authd_status {
    return away && operation == "del" ? AUTHD_UNAVAILABLE : AUTHD_OK;
  };
  EXPECT_EQ(key_of(ask()), "made");
  ASSERT_TRUE(await([&] { return remote.asked("del") == 1; }));
  EXPECT_EQ(blocking_key(), "") << "the copy from before was read";
  away = false;
  ASSERT_TRUE(await([&] {
    stack->flush_deletions();
    return !remote.holds(name_of(kId));
  }));
}

// In between, the consumer may have been changed again.
TEST_F(MadeCredential, IsNotStoredWhenTheConsumerIsInvalidatedMeanwhile) {
  gateway.on_create = [this](const std::string&, const Listed&) {
    gateway.on_list = [](const std::string&) { return Answer{AUTHD_UNAVAILABLE, {}}; };
    stack->invalidated(name_of(kId));
    return Answer{AUTHD_OK, {{"new", "made"}}};
  };
  build_lookup({&memory, &remote});
  EXPECT_FALSE(ask()) << "the list that was asked for again has failed";
  finish();
  EXPECT_FALSE(memory.holds(std::string(kId)));
  EXPECT_FALSE(remote.holds(name_of(kId)));
  EXPECT_EQ(remote.asked("del"), 1u) << "it was made all the same";
}

// cache-redis does not store for some seconds what was dropped.
TEST_F(MadeCredential, IsRefreshedSoonForATierThatRefusesItForNow) {
  build_lookup({&memory, &remote});
  ASSERT_TRUE(ask());
  EXPECT_LT(due_in(), seconds(30));
  EXPECT_GT(due_in(), seconds(20));
  finish();
}

TEST_F(MadeCredential, IsRefreshedAsAnyOtherWhereThereIsNoSuchTier) {
  build_lookup({&memory});
  ASSERT_TRUE(ask());
  EXPECT_GT(due_in(), seconds(45)) << "of a lifetime of sixty";
}

TEST(PendingDeletionsOfMadeCredentials, NeverBecomeOneOfEverything) {
  PendingDeletions pending;
  int added = 0;
  for (int i = 0; i < 20'000; ++i) added += pending.add_if_room("consumer" + std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(added, 10'000);
  EXPECT_FALSE(pending.covers("another"));
  EXPECT_TRUE(pending.add_if_room("consumer7")) << "it is pending already";
}

} // namespace
} // namespace authd::pipeline
