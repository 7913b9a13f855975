// SPDX-License-Identifier: Apache-2.0
#include "plugin/gateway.h"

#include <gtest/gtest.h>

#include "fixtures.h"
#include "scripted.h"

namespace authd::plugin {
namespace {

using test::CapturedLog;
using test::Scripted;

authd_credential credential(std::string_view id, std::string_view secret) {
  return {sizeof(authd_credential), 0, to_abi(id), to_abi("key"), to_abi("HS256"), to_bytes(secret), 42};
}

class GatewayTest : public testing::Test {
 protected:
  Gateway gateway() { return Gateway(adapter_.adopted(log_.get())); }
  test::Script& script() { return adapter_.script; }

  CapturedLog log_;
  Scripted adapter_{AUTHD_GATEWAY_V1};
  Call call_;
};

} // namespace

TEST_F(GatewayTest, CopiesEveryCredential) {
  script().get_secret = [](auto, authd_str consumer, auto* sink) {
    EXPECT_EQ(view(consumer), "alice");
    std::string id = "1"; // gone before the caller looks
    const auto first = credential(id, std::string_view("a\0b", 3));
    sink->put(sink, &first);
    const authd_credential asymmetric{sizeof asymmetric, 0, to_abi("2"), {}, to_abi("RS256"), {}, 0};
    return sink->put(sink, &asymmetric);
  };
  const auto found = gateway().get_secret(call_, "alice");
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].id, "1");
  EXPECT_EQ((*found)[0].secret.reveal(), std::string_view("a\0b", 3));
  EXPECT_EQ((*found)[0].created_at, 42);
  EXPECT_EQ((*found)[1].algorithm, "RS256");
  EXPECT_TRUE((*found)[1].secret.empty());
}

TEST_F(GatewayTest, TellsNoCredentialFromNoConsumer) {
  script().get_secret = [](auto, authd_str consumer, auto*) {
    return view(consumer) == "bare" ? AUTHD_OK : AUTHD_NOT_FOUND;
  };
  EXPECT_TRUE(gateway().get_secret(call_, "bare")->empty());
  EXPECT_EQ(gateway().get_secret(call_, "nobody").error().status, CallStatus::not_found);
}

TEST_F(GatewayTest, TakesAtMost1024CredentialsWhateverThePluginMakesOfIt) {
  int count = 1024;
  script().get_secret = [&](auto, authd_str, auto* sink) {
    const auto one = credential("1", "secret");
    for (int i = 0; i < count; ++i) sink->put(sink, &one);
    return AUTHD_OK;
  };
  EXPECT_EQ(gateway().get_secret(call_, "x")->size(), 1024u);
  count = 1025;
  const auto failure = gateway().get_secret(call_, "x").error();
  EXPECT_EQ(failure.status, CallStatus::corrupt);
  EXPECT_EQ(failure.message, "put more than 1024 credentials");
}

TEST_F(GatewayTest, SaysWhatIsWrongWithACredential) {
  authd_credential bad = credential("1", "secret");
  script().get_secret = [&](auto, authd_str, auto* sink) { return sink->put(sink, &bad); };
  const auto expect_corrupt = [&](const char* why) {
    const auto found = gateway().get_secret(call_, "x");
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().status, CallStatus::corrupt);
    EXPECT_EQ(found.error().message, why);
  };
  ASSERT_TRUE(gateway().get_secret(call_, "x").has_value());
  bad.id = {nullptr, 5};
  expect_corrupt("put a credential whose id is NULL, but has a length");
  const std::string huge(65'536, 'x');
  bad = credential("1", huge);
  expect_corrupt("put a credential whose secret is longer than 65535 bytes");
  bad.secret.n = 65'535;
  EXPECT_TRUE(gateway().get_secret(call_, "x").has_value());
  bad = credential("1", "secret");
  bad.size = 8;
  expect_corrupt("put a credential that is shorter than in ABI 1.0");
}

TEST_F(GatewayTest, MissesNoReasonInAnOrdinaryAnswer) {
  authd_status status = AUTHD_NOT_FOUND;
  script().get_secret = [&](auto, auto, auto) { return status; };
  EXPECT_EQ(gateway().get_secret(call_, "x").error().message, "");
  status = AUTHD_UNAVAILABLE;
  EXPECT_EQ(gateway().get_secret(call_, "x").error().message, "the plugin gave no reason");
  script().get_secret = [&](const authd_call* call, auto, auto) {
    const authd_error error{sizeof error, 0, 404, 0, to_abi("no such consumer"), {}};
    return script().host->fail(script().host, call, AUTHD_NOT_FOUND, &error);
  };
  EXPECT_EQ(gateway().get_secret(call_, "x").error().message, "no such consumer");
}

TEST_F(GatewayTest, TakesUnknownStatusesForInternalFaults) {
  script().get_secret = [](auto, auto, auto) { return authd_status{99}; };
  EXPECT_EQ(gateway().get_secret(call_, "x").error().status, CallStatus::internal);
  script().get_secret = [](auto, auto, auto) { return authd_status{-1}; };
  EXPECT_EQ(gateway().get_secret(call_, "x").error().status, CallStatus::internal);
}

TEST_F(GatewayTest, StopsExceptionsOfAPluginThatLied) {
  script().get_secret = [](auto, auto, auto) -> authd_status { throw std::runtime_error("boom"); };
  const auto failure = gateway().get_secret(call_, "x").error();
  EXPECT_EQ(failure.status, CallStatus::internal);
  EXPECT_EQ(failure.message, "threw boom");
  script().get_secret = [](auto, auto, auto) -> authd_status { throw 7; };
  EXPECT_EQ(gateway().get_secret(call_, "x").error().status, CallStatus::internal);
}

TEST_F(GatewayTest, CarriesTheReasonOfThisOperationOnly) {
  script().get_secret = [&](const authd_call* call, auto, auto) {
    const authd_error error{sizeof error, 0, 429, 1500, to_abi("slow\ndown"), {}};
    return script().host->fail(script().host, call, AUTHD_RATE_LIMITED, &error);
  };
  const auto failure = gateway().get_secret(call_, "x").error();
  EXPECT_EQ(failure.status, CallStatus::rate_limited);
  EXPECT_EQ(failure.upstream_status, 429);
  EXPECT_EQ(failure.retry_after, milliseconds(1500));
  EXPECT_EQ(failure.message, "slow down") << "one line";

  script().get_secret = [&](const authd_call* call, auto, auto) {
    const authd_error error{sizeof error, 0, 500, 0, to_abi("first try"), {}};
    script().host->fail(script().host, call, AUTHD_UNAVAILABLE, &error);
    return AUTHD_OK; // the second try went well
  };
  EXPECT_TRUE(gateway().get_secret(call_, "x").has_value());
  script().get_secret = [](auto, auto, auto) { return AUTHD_TIMEOUT; };
  EXPECT_NE(gateway().get_secret(call_, "x").error().message, "first try");
}

TEST_F(GatewayTest, HandsTheProposalOverAndTakesExactlyOneBack) {
  int puts = 1;
  script().create_secret = [&](auto, auto, const authd_proposal* proposal, auto* sink) {
    const authd_credential stored{sizeof stored,    0, to_abi("7"), proposal->key, proposal->algorithm,
                                  proposal->secret, 9};
    for (int i = 0; i < puts; ++i) sink->put(sink, &stored);
    return AUTHD_OK;
  };
  const Proposal proposal{"the-key", "HS512", Secret("the-secret")};
  const auto created = gateway().create_secret(call_, "alice", proposal);
  ASSERT_TRUE(created.has_value()) << created.error().message;
  EXPECT_EQ(created->key, "the-key");
  EXPECT_EQ(created->algorithm, "HS512");
  EXPECT_EQ(created->secret.reveal(), "the-secret");
  puts = 0;
  EXPECT_EQ(gateway().create_secret(call_, "alice", proposal).error().status, CallStatus::corrupt);
  puts = 2;
  EXPECT_EQ(gateway().create_secret(call_, "alice", proposal).error().status, CallStatus::corrupt);
}

TEST_F(GatewayTest, DoesWithoutWhatAnOlderOrSmallerPluginLacks) {
  adapter_.gateway.create_secret = nullptr;
  adapter_.gateway.size = offsetof(authd_gateway_ops, resolve); // its author had no resolve yet
  const Gateway gateway(adapter_.adopted(log_.get()));
  EXPECT_FALSE(gateway.can_create());
  EXPECT_EQ(gateway.create_secret(call_, "x", {}).error().status, CallStatus::unsupported);
  EXPECT_EQ(gateway.delete_secret(call_, "x", "1").error().status, CallStatus::unsupported);
  EXPECT_EQ(gateway.resolve(call_, "x").value(), "x");
}

TEST_F(GatewayTest, ResolvesWithinBounds) {
  std::string id = "uuid";
  script().resolve = [&](auto, auto, authd_out* out) {
    script().host->put(script().host, out, to_bytes(id));
    return AUTHD_OK;
  };
  EXPECT_EQ(gateway().resolve(call_, "alice").value(), "uuid");
  id.assign(257, 'x');
  EXPECT_EQ(gateway().resolve(call_, "alice").error().status, CallStatus::corrupt);
  id.clear();
  EXPECT_EQ(gateway().resolve(call_, "alice").error().status, CallStatus::corrupt);
}

TEST_F(GatewayTest, ReportsHealthAsThePluginSeesIt) {
  script().probe = [&](auto, authd_health* health) {
    health->state = AUTHD_HEALTH_DEGRADED;
    script().host->put(script().host, health->detail, to_bytes("one of two nodes"));
    script().host->put(script().host, health->endpoint, to_bytes("http://kong:8001"));
    return AUTHD_OK;
  };
  const Health health = gateway().probe(call_);
  EXPECT_EQ(health.state, Health::State::degraded);
  EXPECT_EQ(health.detail, "one of two nodes");
  EXPECT_EQ(health.endpoint, "http://kong:8001");
}

TEST_F(GatewayTest, TakesAFailedProbeForDown) {
  script().probe = [](auto, auto) { return AUTHD_TIMEOUT; };
  EXPECT_EQ(gateway().probe(call_).state, Health::State::down);
  script().probe = [](auto, authd_health* health) {
    health->state = 77;
    return AUTHD_OK;
  };
  EXPECT_EQ(gateway().probe(call_).state, Health::State::down) << "a state of another version";
}

TEST_F(GatewayTest, IsNotMadeOfAnotherKind) {
  Scripted tier(AUTHD_CACHE_V1);
  EXPECT_THROW(Gateway(tier.adopted(log_.get())), std::invalid_argument);
}

} // namespace authd::plugin
