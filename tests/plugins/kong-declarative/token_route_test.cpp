// SPDX-License-Identifier: Apache-2.0
// deploy/kong/kong.yml, the file that docs/kong.md sends people to: what must hold in it for the token route never to
// be open.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace authd::test {
namespace {

YAML::Node named(const YAML::Node& list, const std::string& name) {
  for (const YAML::Node& item : list)
    if (item["name"].as<std::string>() == name) return item;
  return YAML::Node(YAML::NodeType::Undefined);
}

bool holds(const YAML::Node& list, const std::string& text) {
  return std::any_of(list.begin(), list.end(), [&](const YAML::Node& item) { return item.as<std::string>() == text; });
}

class TokenRoute : public testing::Test {
 protected:
  const YAML::Node file_ = YAML::LoadFile(EXAMPLE_FILE);
  const YAML::Node authd_ = named(file_["services"], "authd");
};

TEST_F(TokenRoute, HasNoServiceWithRoutesButWithoutAnAuthPluginOfItsOwn) {
  ASSERT_GT(file_["services"].size(), 1u);
  EXPECT_FALSE(file_["routes"]) << "a route at top level, apart from its service's plugins";
  for (const YAML::Node& service : file_["services"]) {
    const bool is_authd = service["name"].as<std::string>() == "authd";
    EXPECT_TRUE(named(service["plugins"], is_authd ? "key-auth" : "jwt").IsDefined()) << service["name"];
    for (const YAML::Node& route : service["routes"]) EXPECT_FALSE(route["plugins"]) << route["name"];
  }
}

TEST_F(TokenRoute, LetsBrowsersAskFirstAndSendTheKey) {
  const YAML::Node key_auth = named(authd_["plugins"], "key-auth")["config"];
  EXPECT_FALSE(key_auth["run_on_preflight"].as<bool>());
  const YAML::Node cors = named(authd_["plugins"], "cors")["config"];
  for (const YAML::Node& name : key_auth["key_names"])
    EXPECT_TRUE(holds(cors["headers"], name.as<std::string>())) << name;
  EXPECT_TRUE(holds(cors["methods"], "OPTIONS"));
}

// What key-auth and jwt set is theirs under these names alone (spec of Kong 3.9, recorded).
TEST_F(TokenRoute, LetsNothingThatTheClientSaysOfAConsumerThrough) {
  for (const YAML::Node& service : file_["services"]) {
    const YAML::Node remove = named(service["plugins"], "request-transformer")["config"]["remove"]["headers"];
    for (const std::string name : {"X-Consumer-Groups", "X_Consumer_Groups", "X_Consumer_ID", "X_Consumer_Username",
                                   "X_Consumer_Custom_ID", "X_Credential_Identifier", "X_Anonymous_Consumer"})
      EXPECT_TRUE(holds(remove, name)) << service["name"] << " " << name;
    for (const std::string name : {"X-Consumer-ID", "X-Consumer-Username"})
      EXPECT_FALSE(holds(remove, name)) << "request-transformer runs after key-auth, which sets it";
    EXPECT_FALSE(named(service["plugins"], "acl").IsDefined()) << "its groups would be removed";
  }
}

TEST_F(TokenRoute, GoesWithAnApiThatLooksAtTheTimesInATokenByTheClaimOfAuthd) {
  const YAML::Node jwt = named(named(file_["services"], "api")["plugins"], "jwt")["config"];
  EXPECT_TRUE(holds(jwt["claims_to_verify"], "exp"));
  EXPECT_TRUE(holds(jwt["claims_to_verify"], "nbf"));
  EXPECT_EQ(jwt["key_claim_name"].as<std::string>(), "key") << "the default of jwt.key_claim_name";
}

TEST_F(TokenRoute, IsOpenToEveryConsumerOfTheFile) {
  ASSERT_GT(file_["consumers"].size(), 0u);
  for (const YAML::Node& consumer : file_["consumers"]) {
    EXPECT_TRUE(consumer["username"]) << "authd takes none without a name";
    EXPECT_GT(consumer["keyauth_credentials"].size(), 0u) << consumer["username"];
  }
}

TEST_F(TokenRoute, TakesThePathsOfTheTokensAlone) {
  const YAML::Node route = named(authd_["routes"], "tokens");
  EXPECT_TRUE(holds(route["paths"], "~/tokens$"));
  EXPECT_FALSE(route["strip_path"].as<bool>());
  EXPECT_FALSE(route["methods"]) << "it would have to name OPTIONS";
}

} // namespace
} // namespace authd::test
