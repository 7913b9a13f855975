// SPDX-License-Identifier: Apache-2.0
#include "pipeline/credential.h"

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

plugin::GatewayCredential credential(std::string id, std::string key, std::int64_t created_at,
                                     std::string algorithm = "HS256", std::string secret = "s") {
  return {std::move(id), std::move(key), std::move(algorithm), Secret(std::move(secret)), created_at};
}

std::string record_of(std::vector<plugin::GatewayCredential> listed) {
  std::string record;
  CredentialRecord::encode(select_credentials(std::move(listed)), WallTime(milliseconds(1234)), record);
  return record;
}

TEST(SelectCredentials, PutsTheNewestFirstWhateverTheOrder) {
  const Selection s =
      select_credentials({credential("c", "old", 100), credential("a", "new", 300), credential("b", "middle", 200)});
  ASSERT_EQ(s.usable.size(), 3u);
  EXPECT_EQ(s.usable[0].key, "new");
  EXPECT_EQ(s.usable[2].key, "old");
}

TEST(SelectCredentials, GivesATieToTheGreaterId) {
  const Selection s = select_credentials({credential("0a", "x", 100), credential("0b", "y", 100)});
  EXPECT_EQ(s.usable[0].key, "y");
}

TEST(SelectCredentials, KeepsOnlyWhatCanSign) {
  const Selection s = select_credentials({credential("a", "rsa", 900, "RS256", ""), credential("b", "k", 1),
                                          credential("c", "no-secret", 800, "HS256", ""), credential("d", "", 700)});
  ASSERT_EQ(s.usable.size(), 1u);
  EXPECT_EQ(s.usable[0].key, "k");
  EXPECT_FALSE(s.none_can_sign());
}

TEST(SelectCredentials, SaysWhenThereAreOnlyAsymmetricOnes) {
  EXPECT_TRUE(select_credentials({credential("a", "rsa", 1, "RS256", "")}).all_asymmetric);
  EXPECT_TRUE(select_credentials({credential("a", "rsa", 1, "RS256", "")}).none_can_sign());
  EXPECT_FALSE(select_credentials({}).all_asymmetric);
  EXPECT_FALSE(select_credentials({}).none_can_sign());
}

TEST(SelectCredentials, TellsAnUnusableCredentialFromAnAsymmetricOne) {
  for (const char* algorithm : {"", "hs256", "none", "HS256"}) {
    const Selection s =
        select_credentials({credential("a", "k", 1, algorithm, ""), credential("b", "rsa", 1, "RS256", "")});
    EXPECT_TRUE(s.none_can_sign()) << algorithm;
    EXPECT_FALSE(s.all_asymmetric) << algorithm;
    EXPECT_EQ(s.listed, 2u);
  }
}

TEST(SelectCredentials, KeepsTheSixteenNewest) {
  std::vector<plugin::GatewayCredential> many;
  for (int i = 0; i < 40; ++i) many.push_back(credential(std::to_string(i), "k" + std::to_string(i), i));
  const Selection s = select_credentials(std::move(many));
  ASSERT_EQ(s.usable.size(), 16u);
  EXPECT_EQ(s.usable[0].key, "k39");
  EXPECT_EQ(s.usable[15].key, "k24");
}

TEST(CredentialRecord, GivesBackWhatWasEncoded) {
  const std::string bytes =
      record_of({credential("a", "k1", 2, "HS512", std::string("\0bin", 4)), credential("b", "k2", 1)});
  const auto record = CredentialRecord::decode(bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->newest().key, "k1");
  EXPECT_EQ(record->newest().algorithm, Algorithm::hs512);
  EXPECT_EQ(record->newest().secret, std::string_view("\0bin", 4));
  EXPECT_EQ(record->fetched_at_ms(), 1234);
  ASSERT_TRUE(record->find("k2"));
  EXPECT_EQ(record->find("k2")->algorithm, Algorithm::hs256);
  EXPECT_FALSE(record->find("k3"));
}

TEST(CredentialRecord, RefusesEveryTruncationAndWhatIsLeftOver) {
  const std::string bytes = record_of({credential("a", "k1", 2), credential("b", "k2", 1)});
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(CredentialRecord::decode(std::string_view(bytes).substr(0, n))) << n;
  }
  EXPECT_FALSE(CredentialRecord::decode(bytes + "x"));
}

TEST(CredentialRecord, RefusesOtherVersionsAndUnknownAlgorithms) {
  std::string bytes = record_of({credential("a", "k1", 2)});
  std::string other = bytes;
  other[0] = 9;
  EXPECT_FALSE(CredentialRecord::decode(other));
  bytes[10] = 77; // the first credential's algorithm: behind version, time and count
  EXPECT_FALSE(CredentialRecord::decode(bytes));
}

std::string decoded(std::string_view text) {
  std::string out = "left over";
  return decode_secret(text, out) ? out : "refused";
}

TEST(SecretText, IsDecodedAsKongsJwtPluginDoes) {
  EXPECT_EQ(decoded("c2VjcmV0"), "secret");
  EXPECT_EQ(decoded("c2VjcmV0cw=="), "secrets");
  EXPECT_EQ(decoded("c2VjcmV0cw"), "secrets");
  EXPECT_EQ(decoded("c2VjcmV0cw==="), "secrets");
  EXPECT_EQ(decoded("c2VjcmV0cx=="), "secrets"); // bits left over
  EXPECT_EQ(decoded("+/-_"), "\xFB\xFF\xBF");
  EXPECT_EQ(decoded("AAA="), std::string(2, '\0'));
  EXPECT_EQ(decoded("QQ==QQ=="), "A");
}

TEST(SecretText, IsRefusedWhereKongRefusesTheToken) {
  for (const char* text : {"A", "AAAAA", "not base64", "QUI\n", "a.b", "\xC3\xA9"})
    EXPECT_EQ(decoded(text), "refused") << text;
}

TEST(SecretText, IsNeverAnEmptyKey) {
  EXPECT_EQ(decoded(""), "refused");
  EXPECT_EQ(decoded("===="), "refused");
}

} // namespace
} // namespace authd::pipeline
