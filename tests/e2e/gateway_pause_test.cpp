// SPDX-License-Identifier: Apache-2.0
// How long authd leaves Kong alone: for as long as a 429 asks, and after an outage until Kong answers again.
#include "scene.h"
#include "support/tcp_proxy.h"

namespace authd::test {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;
using Kind = KongFault::Kind;

// The default: what a rate limit of three seconds must not become, and what an outage must not last longer.
constexpr const char* kResetTimeout = "30s";
constexpr seconds kFarUnderTheReset{12};

KongFault rate_limit(int retry_after) {
  KongFault fault;
  fault.kind = Kind::rate_limited_429;
  fault.retry_after = retry_after;
  return fault;
}

class Pause : public testing::Test {
 protected:
  Pause() : scene_([](Settings& s) { s.set_text("breaker", "reset_timeout", kResetTimeout); }) {
    scene_.add_strangers(40, 40);
  }

  // Consumers without a copy, more than the breaker needs for a judgement, while Kong asks for a pause.
  void expect_refusals(int first, int longest_wait) const {
    for (int n = first; n < first + 20; ++n) {
      const HttpReply reply = scene_.tokens(stranger(n));
      EXPECT_EQ(code_of(reply), "AUTH_004");
      const int wait = std::stoi("0" + reply.header("Retry-After"));
      EXPECT_GE(wait, 1);
      EXPECT_LE(wait, longest_wait);
    }
    EXPECT_EQ(scene_.breaker(), "closed");
  }

  void expect_tokens_again(const Headers& whose = kAlice) const {
    const auto deadline = Clock::now() + kFarUnderTheReset;
    HttpReply reply;
    while ((reply = scene_.tokens(whose)).status != 200) {
      ASSERT_LT(Clock::now(), deadline) << reply.body;
      ASSERT_EQ(code_of(reply), "AUTH_004");
    }
  }

  Scene scene_;
};

TEST_F(Pause, OfARateLimitLastsAsLongAsItSays) {
  scene_.kong.set_fault(rate_limit(3));
  expect_refusals(0, 3);
  scene_.kong.clear_faults();
  expect_tokens_again();
}

TEST_F(Pause, OfARateLimitAsksKongForNoCredentials) {
  scene_.kong.set_fault(rate_limit(20));
  EXPECT_EQ(code_of(scene_.tokens(stranger(0))), "AUTH_004");
  scene_.kong.clear_faults();
  scene_.kong.forget_traffic();
  expect_refusals(0, 20);
  EXPECT_EQ(scene_.kong.traffic()[KongOperation::list], 0u);
}

TEST_F(Pause, IsASecondWhenARateLimitNamesNone) {
  scene_.kong.set_fault(rate_limit(0));
  expect_refusals(0, 1);
  scene_.kong.clear_faults();
  expect_tokens_again();
}

TEST_F(Pause, IsNoLongerThanTheBreakersHoweverLongARateLimitWants) {
  scene_.kong.set_fault(rate_limit(86400));
  expect_refusals(0, 30);
}

TEST_F(Pause, OfALimitedCreateIsNoFailureEither) {
  for (int n = 0; n < 20; ++n) scene_.kong.remove_credential(stranger_id(n), "key-" + stranger_id(n));
  scene_.kong.set_fault(KongOperation::create, rate_limit(3));
  expect_refusals(0, 3);
  scene_.kong.clear_faults();
  expect_tokens_again(stranger(0));
}

// An outage that has opened the breaker.
class Outage : public testing::Test {
 protected:
  Outage()
      : way_(kong_.port()), authd_(Settings("http://127.0.0.1:" + std::to_string(way_.port()))
                                       .set_text("breaker", "reset_timeout", kResetTimeout)) {
    kong_.add_consumer("alice", kAliceId);
    kong_.add_credential(kAliceId, {"alice-key", kAliceSecret});
    authd_.await_ready();
  }

  void open_breaker() {
    for (int n = 0; n < 50; ++n) {
      if (code_of(get(authd_.port(), "/tokens", stranger(n))) == "AUTH_005") return;
    }
    FAIL() << "the breaker never opened";
  }

  FakeKong kong_;
  TcpProxy way_;
  AuthdProcess authd_;
};

TEST_F(Outage, IsOverForAConsumerWithoutACopySoonAfterKongIsBack) {
  WireFault refusal;
  refusal.refuse = true;
  way_.set_fault(refusal);
  way_.cut();
  open_breaker();
  way_.pass();
  const auto back = Clock::now();
  while (get(authd_.port(), "/tokens", kAlice).status != 200) {
    ASSERT_LT(Clock::now(), back + kFarUnderTheReset) << "Kong is back, and nobody asks it";
  }
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - back);
  testing::Test::RecordProperty("first_cold_token_ms", static_cast<int>(took.count()));
  std::printf("first token without a copy %d ms after Kong was back, reset_timeout %s\n",
              static_cast<int>(took.count()), kResetTimeout);
}

TEST_F(Outage, LetsNobodyThroughWhileTheProbeIsBad) {
  kong_.set_database_reachable(false); // /status answers 200, and says so
  open_breaker();
  kong_.forget_traffic();
  ASSERT_TRUE(kong_.await(KongOperation::status, 3, kFarUnderTheReset)) << "nobody looks whether Kong is back";
  EXPECT_EQ(code_of(get(authd_.port(), "/tokens", stranger(100))), "AUTH_005");
  EXPECT_EQ(kong_.traffic()[KongOperation::list], 0u);
}

} // namespace
} // namespace authd::test
