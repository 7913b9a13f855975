// SPDX-License-Identifier: Apache-2.0
#include "base/base64url.h"

#include <gtest/gtest.h>

namespace authd {
namespace {

std::string encode(std::string_view bytes) {
  std::string out;
  append_base64url(out, bytes);
  return out;
}

TEST(Base64url, EncodesTheVectorsOfRfc4648WithoutPadding) {
  EXPECT_EQ(encode(""), "");
  EXPECT_EQ(encode("f"), "Zg");
  EXPECT_EQ(encode("fo"), "Zm8");
  EXPECT_EQ(encode("foo"), "Zm9v");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
}

TEST(Base64url, UsesTheUrlSafeAlphabet) { EXPECT_EQ(encode("\xFB\xEF\xFF"), "--__"); }

TEST(Base64url, DecodesWhatItEncoded) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    bytes += static_cast<char>(i * 7);
    std::string back;
    ASSERT_TRUE(decode_base64url(encode(bytes), back));
    ASSERT_EQ(back, bytes);
  }
}

TEST(Base64url, RefusesPaddingBlanksAndOtherAlphabets) {
  std::string out;
  for (const char* text : {"Zg==", "Zm 8", "Zm9v\n", "+/+/", "Z", "Zm9vY", "\xC3\xA9zz"}) {
    EXPECT_FALSE(decode_base64url(text, out)) << text;
  }
}

TEST(Base64url, RefusesStrayBitsAtTheEndSoThatOneValueHasOneText) {
  std::string out;
  EXPECT_TRUE(decode_base64url("Zg", out));
  EXPECT_FALSE(decode_base64url("Zh", out));
}

} // namespace
} // namespace authd
