// SPDX-License-Identifier: Apache-2.0
#include "pipeline/secret_text.h"

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

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
