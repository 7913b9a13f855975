// SPDX-License-Identifier: Apache-2.0
// A base URL under which there is no Kong answers 404 to everything. That says nothing about consumers.
#include <array>
#include <ostream>

#include "scene.h"

namespace authd::test {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = KongFault::Kind;

enum class Base { wrong_prefix, other_web_server, proxy_without_a_route };

std::ostream& operator<<(std::ostream& out, Base base) {
  constexpr std::array names{"wrong prefix", "other web server", "proxy without a route"};
  return out << names[static_cast<std::size_t>(base)];
}

class WrongBaseUrl : public testing::TestWithParam<Base> {
 protected:
  WrongBaseUrl() {
    kong_.add_consumer("alice", kAliceId);
    kong_.add_credential(kAliceId, {"alice-key", kAliceSecret});
  }

  // Of the Kong in which alice is, with a path in which no Kong is, or after it became something else.
  std::string wrong_url() {
    KongFault fault;
    switch (GetParam()) {
    case Base::wrong_prefix: // Kong itself, whose 404 for an unknown path is that for an unknown consumer
      return kong_.url() + "/kong-admin";
    case Base::other_web_server:
      fault.kind = Kind::html_404;
      break;
    case Base::proxy_without_a_route:
      fault.kind = Kind::refuse;
      fault.status = 404;
    }
    kong_.set_fault(fault);
    return kong_.url() + "/";
  }

  static void expect_no_verdict(const HttpReply& reply) {
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(code_of(reply), "AUTH_004");
    EXPECT_GE(std::stoi("0" + reply.header("Retry-After")), 1);
  }

  FakeKong kong_;
};

INSTANTIATE_TEST_SUITE_P(Of, WrongBaseUrl,
                         testing::Values(Base::wrong_prefix, Base::other_web_server, Base::proxy_without_a_route));

TEST_P(WrongBaseUrl, IsNoUnknownConsumer) {
  AuthdProcess authd{Settings(wrong_url())};
  authd.await_ready();
  expect_no_verdict(get(authd.port(), "/tokens", kAlice));
  // More than the breaker needs for a judgement. Kong's own 404 is none; what no Kong says is a failure.
  for (int n = 0; n < 20; ++n) {
    const HttpReply reply = get(authd.port(), "/tokens", stranger(n));
    EXPECT_EQ(reply.status, 503);
    if (GetParam() == Base::wrong_prefix) expect_no_verdict(reply);
  }
}

TEST_P(WrongBaseUrl, IsNamedInTheHealth) {
  AuthdProcess authd{Settings(wrong_url())};
  authd.await_ready();
  expect_no_verdict(get(authd.port(), "/tokens", kAlice));
  const HttpReply reply = get(authd.port(), "/health");
  EXPECT_EQ(reply.status, 503);
  const auto kong = parse_object(reply.body)->getObject("dependencies")->getObject("kong");
  EXPECT_NE(kong->getValue<std::string>("status"), "healthy");
  EXPECT_EQ(kong->getValue<std::string>("circuitBreaker"), "closed");
  EXPECT_FALSE(kong->optValue<std::string>("error", "").empty()) << reply.body;
}

TEST_P(WrongBaseUrl, KeepsTheCopiesThatThereAre) {
  Settings right(kong_.url());
  right.set("lookup", "refresh_ahead", "0.0");
  AuthdProcess authd{right};
  authd.await_ready();
  ASSERT_EQ(get(authd.port(), "/tokens", kAlice).status, 200);
  Settings wrong(wrong_url());
  wrong.set("lookup", "refresh_ahead", "0.0");
  ASSERT_TRUE(authd.reload(wrong.toml(), "reloaded"));
  // Asked for again when the copy has outlived its TTL of 1 s, more than once: every answer is a token.
  kong_.forget_traffic();
  const auto deadline = Clock::now() + std::chrono::seconds(20);
  while (kong_.traffic().total() < 4) {
    ASSERT_EQ(get(authd.port(), "/tokens", kAlice).status, 200);
    ASSERT_LT(Clock::now(), deadline) << "nobody is asked under the wrong URL";
  }
}

TEST(RightBaseUrl, MakesThe404OfTheVeryFirstConsumerAnAnswer) {
  const Scene scene;
  const HttpReply reply = scene.tokens(consumer_headers(kNobodyId, "nobody"));
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(code_of(reply), "AUTH_002");
}

} // namespace
} // namespace authd::test
