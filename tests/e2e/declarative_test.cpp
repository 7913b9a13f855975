// SPDX-License-Identifier: Apache-2.0
// authd over Kong's declarative file, with nothing else installed.
#include "scene.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

std::string kong_yml(std::string_view secret, std::string_view username = "example-consumer") {
  return R"(_format_version: "3.0"
consumers:
  - username: )" +
         std::string(username) + R"(
    jwt_secrets:
      - key: demo-key
        secret: )" +
         std::string(secret) + "\n";
}

class Declarative : public testing::Test {
 protected:
  Declarative() {
    dir_.write("kong.yml", kong_yml("first-secret"));
    Settings settings("");
    settings.set("gateway", "admin_url", "");
    settings.set_text("gateway", "plugin", "kong-declarative");
    settings.set_text("gateway", "file", (dir_.path() / "kong.yml").string());
    // So long that only what the gateway reports can be why a copy, or "no such consumer", is not used any more.
    settings.set_text("lookup", "negative_ttl", "10m").set_text("cache", "ttl", "10m");
    authd_ = std::make_unique<AuthdProcess>(settings);
    authd_->await_ready();
  }

  HttpReply tokens(std::string_view id) const {
    return get(authd_->port(), "/tokens", consumer_headers(id, "example-consumer"));
  }
  static bool is_signed_by(const HttpReply& reply, const std::string& secret) {
    return verify_with_python(token_of(reply), secret, "HS256", "https://api.example").starts_with("{");
  }
  // The file is watched: until a token is signed by `secret`.
  bool await_secret(std::string_view id, const std::string& secret) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      const HttpReply reply = tokens(id);
      if (reply.status == 200 && is_signed_by(reply, secret)) return true;
    }
    return false;
  }

  TempDir dir_;
  std::unique_ptr<AuthdProcess> authd_;
};

TEST_F(Declarative, FindsAConsumerByTheIdThatKongDerives) {
  const HttpReply reply = tokens("519183b0-74b7-5b1b-ac5e-4f5beed3e547");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(is_signed_by(reply, "first-secret"));
  EXPECT_EQ(take_apart(token_of(reply)).claims->getValue<std::string>("key"), "demo-key");
}

TEST_F(Declarative, FindsAConsumerByName) { EXPECT_EQ(tokens("example-consumer").status, 200); }

TEST_F(Declarative, KnowsNobodyElse) { EXPECT_EQ(code_of(tokens(kNobodyId)), "AUTH_002"); }

TEST_F(Declarative, IsHealthy) {
  const HttpReply reply = get(authd_->port(), "/health");
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto kong = parse_object(reply.body)->getObject("dependencies")->getObject("kong");
  EXPECT_EQ(kong->getValue<std::string>("mode"), "kong-declarative");
}

TEST_F(Declarative, PicksUpAFileThatIsReplacedAtomically) {
  ASSERT_EQ(tokens("example-consumer").status, 200);
  dir_.replace("kong.yml", kong_yml("second-secret"));
  EXPECT_TRUE(await_secret("example-consumer", "second-secret")) << authd_->child().everything();
  EXPECT_EQ(code_of(tokens("newcomer")), "AUTH_002");
  dir_.replace("kong.yml", kong_yml("third-secret", "newcomer"));
  EXPECT_TRUE(await_secret("newcomer", "third-secret"));
  EXPECT_EQ(code_of(tokens("example-consumer")), "AUTH_002") << "who is not in the file any more";
}

TEST_F(Declarative, KeepsTheOldFileWhenTheNewOneIsBrokenAndNamesTheLine) {
  ASSERT_EQ(tokens("example-consumer").status, 200);
  dir_.replace("kong.yml", "_format_version: \"3.0\"\nconsumers:\n  - username: x\n   broken: [\n");
  const auto line = authd_->child().await_line(
      [](const std::string& text) { return text.find("kong.yml:4") != std::string::npos; }, std::chrono::seconds(20));
  EXPECT_TRUE(line) << authd_->child().everything();
  EXPECT_TRUE(await_secret("519183b0-74b7-5b1b-ac5e-4f5beed3e547", "first-secret"));
  dir_.replace("kong.yml", kong_yml("mended-secret"));
  EXPECT_TRUE(await_secret("example-consumer", "mended-secret"));
}

TEST_F(Declarative, NeverPrintsASecretOfABrokenFile) {
  dir_.replace("kong.yml", kong_yml("hush-hush\n        surprise: [\"hush-hush\", {"));
  ASSERT_TRUE(authd_->child().await_line(
      [](const std::string& text) { return text.find("kong.yml:") != std::string::npos; }, std::chrono::seconds(20)));
  EXPECT_EQ(authd_->child().everything().find("hush"), std::string::npos) << authd_->child().everything();
}

// deploy/kong/kong.yml is Kong's and authd's: the consumer whom key-auth finds there gets a token, which holds what the
// jwt plugin of its `api` looks at.
TEST(DeclarativeDeployment, IssuesTokensFromTheFileThatIsDeployed) {
  Settings settings("");
  settings.set("gateway", "admin_url", "").set_text("gateway", "plugin", "kong-declarative");
  settings.set_text("gateway", "file", AUTHD_DEPLOY "/kong/kong.yml");
  AuthdProcess authd(settings);
  authd.await_ready();
  const HttpReply reply =
      get(authd.port(), "/tokens", consumer_headers("519183b0-74b7-5b1b-ac5e-4f5beed3e547", "example-consumer"));
  ASSERT_EQ(reply.status, 200) << reply.body << authd.child().everything();
  const std::string secret = "an-example-secret-0123456789abcdef0123456789abcdef";
  const std::string claims = verify_with_python(token_of(reply), secret, "HS256", "https://api.example");
  ASSERT_TRUE(claims.starts_with("{")) << claims;
  const auto object = parse_object(claims);
  EXPECT_EQ(object->getValue<std::string>("key"), "example-key");
  for (const std::string name : {"exp", "nbf"}) EXPECT_TRUE(object->has(name)) << name;
  EXPECT_FALSE(authd.await_event("declarative-file-not-for-kong", std::chrono::milliseconds(0)));
}

TEST(DeclarativeStart, SaysWhatIsWrongWithABrokenFile) {
  const TempDir dir;
  Settings settings("");
  settings.set("gateway", "admin_url", "");
  settings.set_text("gateway", "plugin", "kong-declarative");
  settings.set_text("gateway", "file", dir.write("kong.yml", "_format_version: \"3.0\"\nconsumers:\n  - [\n"));
  AuthdProcess authd(settings);
  const auto code = authd.child().await_exit(std::chrono::seconds(30));
  EXPECT_EQ(code, 78);
  EXPECT_NE(authd.child().everything().find("kong.yml:"), std::string::npos) << authd.child().everything();
}

} // namespace
} // namespace authd::test
