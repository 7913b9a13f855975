// SPDX-License-Identifier: Apache-2.0
// jwt.secret_is_base64: what signs, whom that concerns, and what a reload that changes it finds in the caches.
#include "scene.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

const std::string kBob = "7b0c1a34-5d1e-4e0b-9a51-0e6d1f0f2b11";
const std::string kText = "dGhlIGRlY29kZWQgc2VjcmV0IG9mIGJvYiwgMzIgYg==";
const std::string kDecoded = "the decoded secret of bob, 32 b";

class SecretIsBase64 : public testing::Test {
 protected:
  SecretIsBase64() {
    scene_.kong.add_consumer("bob", kBob);
    scene_.kong.add_credential(kBob, {"bob-key", kText});
  }
  bool decode(bool decoded) {
    Settings next(scene_.kong.url());
    next.set("jwt", "secret_is_base64", decoded ? "true" : "false").set("cache", "ttl", "\"1h\"");
    return scene_.authd.reload(next.toml(), "reloaded");
  }
  std::string token() const { return token_of(scene_.tokens(bob_)); }
  static bool is_signed_with(const std::string& secret, const std::string& token) {
    return verify_with_python(token, secret, "HS256", "https://api.example").starts_with("{");
  }

  Scene scene_{[](Settings& s) { s.set("cache", "ttl", "\"1h\""); }};
  const Headers bob_ = consumer_headers(kBob, "bob");
};

TEST_F(SecretIsBase64, SignsWithTheTextUnlessItIsSet) { EXPECT_TRUE(is_signed_with(kText, token())); }

TEST_F(SecretIsBase64, MixesNothingWhenAReloadChangesIt) {
  const std::string before = token();
  ASSERT_TRUE(decode(true));
  const auto asked = scene_.kong.traffic()[KongOperation::list];
  const std::string after = token();
  EXPECT_TRUE(is_signed_with(kDecoded, after));
  EXPECT_EQ(scene_.validate(after, bob_).status, 200);
  EXPECT_EQ(scene_.validate(before, bob_).status, 400);
  ASSERT_TRUE(decode(false));
  EXPECT_TRUE(is_signed_with(kText, token()));
  EXPECT_EQ(scene_.validate(before, bob_).status, 200);
  EXPECT_EQ(scene_.kong.traffic()[KongOperation::list], asked) << "the warm copy serves both";
}

TEST_F(SecretIsBase64, SaysWhichSecretIsNone) {
  const std::string id = scene_.kong.add_consumer("carol");
  scene_.kong.add_credential(id, {"carol-key", "not base64!"});
  ASSERT_TRUE(decode(true));
  const HttpReply reply = scene_.tokens(consumer_headers(id, "carol"));
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(code_of(reply), "AUTH_003");
  EXPECT_NE(reply.body.find("jwt.secret_is_base64"), std::string::npos) << reply.body;
  EXPECT_EQ(reply.body.find("not base64!"), std::string::npos) << reply.body;
}

TEST_F(SecretIsBase64, HoldsForCredentialsThatAuthdMakes) {
  const std::string id = scene_.kong.add_consumer("dave");
  ASSERT_TRUE(decode(true));
  const HttpReply made = scene_.tokens(consumer_headers(id, "dave"));
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(scene_.validate(token_of(made), consumer_headers(id, "dave")).status, 200);
}

} // namespace
} // namespace authd::test
