// SPDX-License-Identifier: Apache-2.0
// Reading and creating are judged apart: what Kong refuses to create, or fails to, shuts out nobody who has a
// credential.
#include "scene.h"

namespace authd::test {
namespace {

using Kind = KongFault::Kind;

constexpr int kNew = 20; // more than the breaker needs for a judgement
constexpr int kOld = 5;  // with a credential

class CreateRefused : public testing::TestWithParam<int> {
 protected:
  // Strangers 0 to kOld-1 have a credential, those from kOld on have none.
  CreateRefused() : scene_([](Settings& s) { s.set_text("breaker", "reset_timeout", "30s"); }) {
    scene_.add_strangers(kOld + kNew, kOld);
  }

  void expect_lookups_work() const {
    for (int n = 0; n < kOld; ++n) EXPECT_EQ(scene_.tokens(stranger(n)).status, 200) << n;
    EXPECT_EQ(scene_.breaker(), "closed");
  }

  Scene scene_;
};

// A role of Kong Enterprise that may read and not write, a proxy in front that passes GET only, a body that
// is too large for it. With DB-less mode's 405: provisioning_test.cpp.
INSTANTIATE_TEST_SUITE_P(OfKong, CreateRefused, testing::Values(401, 403, 404, 405, 413));

TEST_P(CreateRefused, IsThatConsumersAnswerAndShutsNobodyOut) {
  KongFault refusal;
  refusal.kind = Kind::refuse;
  refusal.status = GetParam();
  scene_.kong.set_fault(KongOperation::create, refusal);
  for (int n = kOld; n < kOld + kNew; ++n) {
    const HttpReply reply = scene_.tokens(stranger(n));
    EXPECT_EQ(reply.status, 404) << n;
    EXPECT_EQ(code_of(reply), "AUTH_013") << n;
  }
  expect_lookups_work();
}

TEST_P(CreateRefused, IsRememberedForTheNegativeTtl) {
  KongFault refusal;
  refusal.kind = Kind::refuse;
  refusal.status = GetParam();
  scene_.kong.set_fault(KongOperation::create, refusal);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(code_of(scene_.tokens(stranger(kOld))), "AUTH_013");
  EXPECT_EQ(scene_.kong.traffic()[KongOperation::create], 1u);
  expect_lookups_work();
}

class CreateFailing : public CreateRefused {};
INSTANTIATE_TEST_SUITE_P(OfKong, CreateFailing, testing::Values(500));

TEST_P(CreateFailing, CountsAgainstCreatingAlone) {
  scene_.kong.set_fault(KongOperation::create, {Kind::error_500});
  std::string code;
  for (int n = kOld; n < kOld + kNew && code != "AUTH_005"; ++n) {
    const HttpReply reply = scene_.tokens(stranger(n));
    code = code_of(reply);
    EXPECT_TRUE(code == "AUTH_004" || code == "AUTH_005") << reply.body;
  }
  EXPECT_EQ(code, "AUTH_005") << "the breaker of creates never opened";
  expect_lookups_work();
}

} // namespace
} // namespace authd::test
