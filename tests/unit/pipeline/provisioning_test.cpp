// SPDX-License-Identifier: Apache-2.0
#include "pipeline/provisioning.h"

#include <atomic>
#include <set>

#include <gtest/gtest.h>

#include "scripted_gateway.h"

namespace authd::pipeline {
namespace {

using test::Answer;
using test::Listed;
using test::ScriptedGateway;
using Kind = GatewayAnswer::Kind;

constexpr std::string_view kUuid = "519183b0-74b7-5b1b-ac5e-4f5beed3e547";

// What one source sees of its gateway, from the first call on.
struct Source {
  explicit Source(const ScriptedGateway& gateway, std::optional<Algorithm> creates = Algorithm::hs256)
      : health(gateway.gateway(), guard, seconds(20), recorder), source(gateway.gateway(), health, creates) {}

  GatewayAnswer ask(std::string_view consumer = kUuid) {
    Call call(steady_now() + seconds(20));
    GuardedCalls calls(guard, recorder);
    return source.find_or_create(call, consumer, calls);
  }

  test::CountingRecorder recorder;
  GatewayGuard guard{{50, std::chrono::hours(1), milliseconds(10'000), 10, 5}, seconds(60)};
  GatewayHealth health;
  CredentialSource source;
};

GatewayAnswer ask(const ScriptedGateway& gateway, std::string_view consumer = kUuid,
                  std::optional<Algorithm> creates = Algorithm::hs256) {
  return Source(gateway, creates).ask(consumer);
}

TEST(ProposedKey, IsAPureFunctionOfTheUuidAndTheAttempt) {
  EXPECT_EQ(proposed_key(kUuid, 0), proposed_key("519183B0-74B7-5B1B-AC5E-4F5BEED3E547", 0));
  EXPECT_NE(proposed_key(kUuid, 0), proposed_key(kUuid, 1));
  EXPECT_NE(proposed_key(kUuid, 0), proposed_key("519183b0-74b7-5b1b-ac5e-4f5beed3e548", 0));
  EXPECT_EQ(proposed_key(kUuid, 0).size(), 38u);
}

TEST(Provisioning, CreatesTheFirstCredentialWithTheProposedKey) {
  ScriptedGateway gateway;
  const GatewayAnswer answer = ask(gateway);
  ASSERT_EQ(answer.kind, Kind::found);
  EXPECT_EQ(answer.selection.usable[0].key, proposed_key(kUuid, 0));
  EXPECT_EQ(answer.selection.usable[0].secret.reveal().size(), 43u);
}

// RFC 7518, section 3.2: the key of an HMAC has at least as many bytes as its output, before it becomes text.
TEST(Provisioning, CreatesWithTheAlgorithmThatIsConfiguredAndASecretAsLongAsItsOutput) {
  for (const auto& [algorithm, base64url_characters] :
       {std::pair{Algorithm::hs256, 43U}, {Algorithm::hs384, 64U}, {Algorithm::hs512, 86U}}) {
    const plugin::Proposal proposal = propose("key", algorithm);
    EXPECT_EQ(proposal.key, "key");
    EXPECT_EQ(proposal.algorithm, name_of(algorithm));
    EXPECT_EQ(proposal.secret.reveal().size(), base64url_characters) << proposal.algorithm;
  }
}

TEST(Provisioning, UsesTheWinnersSecretAfterAConflict) {
  ScriptedGateway gateway;
  int lists = 0;
  gateway.on_list = [&](const std::string&) {
    return ++lists == 1 ? Answer{} : Answer{AUTHD_OK, {{"w", proposed_key(kUuid, 0), "HS256", "winner"}}};
  };
  gateway.on_create = [](const std::string&, const Listed&) { return Answer{AUTHD_CONFLICT, {}}; };
  const GatewayAnswer answer = ask(gateway);
  ASSERT_EQ(answer.kind, Kind::found);
  EXPECT_EQ(answer.selection.usable[0].secret.reveal(), "winner");
}

TEST(Provisioning, TriesTheNextKeyWhenSomebodyElseHoldsTheFirst) {
  ScriptedGateway gateway;
  gateway.on_create = [](const std::string&, const Listed& proposed) {
    return proposed.key == proposed_key(kUuid, 0) ? Answer{AUTHD_CONFLICT, {}} : Answer{AUTHD_OK, {proposed}};
  };
  const GatewayAnswer answer = ask(gateway);
  ASSERT_EQ(answer.kind, Kind::found);
  EXPECT_EQ(answer.selection.usable[0].key, proposed_key(kUuid, 1));
}

TEST(Provisioning, GivesUpAfterThreeKeys) {
  ScriptedGateway gateway;
  std::set<std::string> keys;
  gateway.on_create = [&](const std::string&, const Listed& proposed) {
    keys.insert(proposed.key);
    return Answer{AUTHD_CONFLICT, {}};
  };
  EXPECT_EQ(ask(gateway).kind, Kind::no_credential);
  EXPECT_EQ(keys.size(), 3u);
}

TEST(Provisioning, ProposesTheResolvedUuidForAConsumerKnownByName) {
  ScriptedGateway gateway;
  const GatewayAnswer answer = ask(gateway, "joe");
  ASSERT_EQ(answer.kind, Kind::found);
  EXPECT_EQ(answer.selection.usable[0].key, proposed_key("c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0", 0));
}

TEST(Provisioning, NeverCreatesBesideAsymmetricCredentials) {
  ScriptedGateway gateway;
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_OK, {{"a", "rsa", "RS256", ""}}}; };
  gateway.on_create = [](const std::string&, const Listed& p) -> Answer {
    ADD_FAILURE() << "created";
    return {AUTHD_OK, {p}};
  };
  const GatewayAnswer answer = ask(gateway);
  EXPECT_EQ(answer.kind, Kind::no_credential);
  EXPECT_NE(answer.detail.find("asymmetric"), std::string::npos);
}

TEST(Provisioning, SaysWhatIsNeededWhenNoCredentialCanSign) {
  const Listed unusable[] = {{"a", "k", "", "s"},
                             {"a", "k", "hs256", "s"},
                             {"a", "k", "none", "s"},
                             {"a", "k", "HS256", ""},
                             {"a", "", "HS256", "s"}};
  for (const Listed& one : unusable) {
    ScriptedGateway gateway;
    gateway.on_list = [&](const std::string&) { return Answer{AUTHD_OK, {one}}; };
    const GatewayAnswer answer = ask(gateway);
    EXPECT_EQ(answer.kind, Kind::no_credential);
    EXPECT_EQ(answer.detail, "None of the consumer's 1 credential can sign: expected HS256, HS384 or HS512 with "
                             "a key and a secret");
    gateway.on_list = [&](const std::string&) { return Answer{AUTHD_OK, {one, {"r", "rsa", "RS256", ""}}}; };
    EXPECT_NE(ask(gateway).detail.find("None of the consumer's 2 credentials can sign"), std::string::npos);
  }
}

TEST(Provisioning, SaysWhyThereIsNoCredential) {
  EXPECT_NE(ask(ScriptedGateway(), kUuid, std::nullopt).detail.find("auto_provision"), std::string::npos);
  EXPECT_EQ(ask(ScriptedGateway(false)).kind, Kind::no_credential);
  ScriptedGateway read_only;
  read_only.on_create = [](const std::string&, const Listed&) { return Answer{AUTHD_UNSUPPORTED, {}}; };
  EXPECT_EQ(ask(read_only).kind, Kind::no_credential);
}

TEST(Provisioning, TellsUnknownConsumersFromAFailingGateway) {
  const std::pair<authd_status, Kind> cases[] = {
      {AUTHD_NOT_FOUND, Kind::unknown},   {AUTHD_INVALID, Kind::unknown}, {AUTHD_DENIED, Kind::failed},
      {AUTHD_UNAVAILABLE, Kind::failed},  {AUTHD_TIMEOUT, Kind::failed},  {AUTHD_CORRUPT, Kind::failed},
      {AUTHD_RATE_LIMITED, Kind::failed}, {AUTHD_INTERNAL, Kind::failed}, {12345, Kind::failed},
  };
  for (const auto& [status, kind] : cases) {
    ScriptedGateway gateway;
    gateway.on_list = [s = status](const std::string&) { return Answer{s, {}}; };
    EXPECT_EQ(ask(gateway).kind, kind) << status;
  }
}

// --- what may not be created ------------------------------------------------------------------------------

TEST(Provisioning, TakesARefusalToCreateForThatConsumersMatter) {
  for (const authd_status refusal : {AUTHD_DENIED, AUTHD_INVALID, AUTHD_UNSUPPORTED}) {
    ScriptedGateway gateway;
    gateway.on_create = [&](const std::string&, const Listed&) { return Answer{refusal, {}}; };
    Source source(gateway);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(source.ask().kind, Kind::no_credential) << refusal;
    EXPECT_TRUE(source.recorder.moves().empty()) << refusal;
  }
}

TEST(Provisioning, SuspendsCreatingAloneWhenItFails) {
  ScriptedGateway gateway;
  gateway.on_list = [](const std::string& consumer) {
    return consumer == kUuid ? Answer{} : Answer{AUTHD_OK, {{"a", "k"}}};
  };
  gateway.on_create = [](const std::string&, const Listed&) { return Answer{AUTHD_UNAVAILABLE, {}}; };
  Source source(gateway);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(source.ask().error.code, Code::gateway_unavailable);
  const GatewayAnswer suspended = source.ask();
  EXPECT_EQ(suspended.kind, Kind::failed);
  EXPECT_EQ(suspended.error.code, Code::breaker_open);
  EXPECT_EQ(source.ask("one that has a credential").kind, Kind::found);
  EXPECT_EQ(source.recorder.calls("create"), 5);
}

TEST(Provisioning, TellsForHowLongTheGatewayAskedToPause) {
  ScriptedGateway gateway;
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_RATE_LIMITED, {}, 3000}; };
  Source source(gateway);
  for (int i = 0; i < 20; ++i) {
    const GatewayAnswer answer = source.ask();
    EXPECT_EQ(answer.error.code, Code::gateway_unavailable);
    EXPECT_LE(answer.error.retry_after, seconds(3));
    EXPECT_GE(answer.error.retry_after, seconds(1));
  }
  EXPECT_TRUE(source.recorder.moves().empty());
}

// --- a base URL that has not proved itself ----------------------------------------------------------------

class BaseProof : public testing::Test {
 protected:
  BaseProof() {
    gateway.on_list = [](const std::string& consumer) {
      return consumer == kUuid ? Answer{AUTHD_OK, {{"a", "k"}}} : Answer{AUTHD_NOT_FOUND, {}};
    };
    gateway.on_probe = [this] {
      ++probes;
      return std::pair{probe.load(), true};
    };
  }

  std::atomic<int> probes{0};
  std::atomic<authd_status> probe{AUTHD_NOT_FOUND};
  ScriptedGateway gateway;
};

TEST_F(BaseProof, IsMissingWhenTheProbeIsNotFoundEither) {
  Source source(gateway);
  for (int i = 0; i < 20; ++i) {
    const GatewayAnswer answer = source.ask("nobody");
    EXPECT_EQ(answer.kind, Kind::failed);
    EXPECT_EQ(answer.error.code, Code::gateway_unavailable);
  }
  EXPECT_TRUE(source.recorder.moves().empty()) << "a wrong base counts for no breaker";
  EXPECT_EQ(source.recorder.calls("probe"), 20) << "and is named in the log";
}

TEST_F(BaseProof, IsAGoodProbe) {
  probe = AUTHD_OK;
  Source source(gateway);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(source.ask("nobody").kind, Kind::unknown);
  EXPECT_EQ(probes, 1);
}

TEST_F(BaseProof, IsAnyListThatWasAnswered) {
  Source source(gateway);
  EXPECT_EQ(source.ask().kind, Kind::found);
  EXPECT_EQ(source.ask("nobody").kind, Kind::unknown);
  EXPECT_EQ(probes, 0);
}

TEST(Provisioning, SaysWhichCallWasRefused) {
  ScriptedGateway gateway;
  gateway.on_create = [](const std::string&, const Listed&) { return Answer{AUTHD_DENIED, {}}; };
  const GatewayAnswer answer = ask(gateway);
  EXPECT_EQ(answer.kind, Kind::no_credential);
  EXPECT_EQ(answer.reason, "create: denied: the plugin gave no reason");
  EXPECT_EQ(answer.detail.find("denied"), std::string::npos) << "not for the client";
}

} // namespace
} // namespace authd::pipeline
