// SPDX-License-Identifier: Apache-2.0
#include "pipeline/provisioning.h"

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

GatewayAnswer ask(const ScriptedGateway& gateway, std::string_view consumer = kUuid, bool provision = true) {
  test::CountingRecorder recorder;
  plugin::Call call;
  return CredentialSource(gateway.gateway(), provision, recorder).find_or_create(call, consumer);
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
    EXPECT_EQ(answer.detail,
              "None of the consumer's 1 credential can sign: HS256, HS384 or HS512 with a key and a "
              "secret is needed");
    gateway.on_list = [&](const std::string&) { return Answer{AUTHD_OK, {one, {"r", "rsa", "RS256", ""}}}; };
    EXPECT_NE(ask(gateway).detail.find("None of the consumer's 2 credentials can sign"), std::string::npos);
  }
}

TEST(Provisioning, SaysWhyThereIsNoCredential) {
  EXPECT_NE(ask(ScriptedGateway(), kUuid, false).detail.find("auto_provision"), std::string::npos);
  EXPECT_EQ(ask(ScriptedGateway(false)).kind, Kind::no_credential);
  ScriptedGateway read_only;
  read_only.on_create = [](const std::string&, const Listed&) { return Answer{AUTHD_UNSUPPORTED, {}}; };
  EXPECT_EQ(ask(read_only).kind, Kind::no_credential);
}

TEST(Provisioning, TellsUnknownConsumersFromAFailingGateway) {
  const std::pair<authd_status, Kind> cases[] = {
      {AUTHD_NOT_FOUND, Kind::unknown},   {AUTHD_INVALID, Kind::unknown},     {AUTHD_DENIED, Kind::failed},
      {AUTHD_UNAVAILABLE, Kind::failed},  {AUTHD_TIMEOUT, Kind::failed},      {AUTHD_CORRUPT, Kind::failed},
      {AUTHD_RATE_LIMITED, Kind::failed}, {AUTHD_INTERNAL, Kind::failed},     {12345, Kind::failed},
  };
  for (const auto& [status, kind] : cases) {
    ScriptedGateway gateway;
    gateway.on_list = [s = status](const std::string&) { return Answer{s, {}}; };
    EXPECT_EQ(ask(gateway).kind, kind) << status;
  }
}

} // namespace
} // namespace authd::pipeline
