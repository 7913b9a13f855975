// SPDX-License-Identifier: Apache-2.0
#include "pipeline/hmac.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}
std::string mac(Algorithm a, std::string_view key, std::string_view data) {
  return hex(Hmac(a, key).sign(data).view());
}

// RFC 4231, section 4.3 (test case 2).
TEST(Hmac, MatchesRfc4231ForAShortKey) {
  const std::string_view key = "Jefe", data = "what do ya want for nothing?";
  EXPECT_EQ(mac(Algorithm::hs256, key, data), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(mac(Algorithm::hs384, key, data),
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
  EXPECT_EQ(mac(Algorithm::hs512, key, data),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
            "caeab1a34d4a6b4b636e070a38bce737");
}

// RFC 4231, section 4.7 (test case 6): a key longer than the block is hashed first.
TEST(Hmac, MatchesRfc4231ForAKeyLongerThanTheBlock) {
  const std::string key(131, '\xAA');
  const std::string_view data = "Test Using Larger Than Block-Size Key - Hash Key First";
  EXPECT_EQ(mac(Algorithm::hs256, key, data), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(mac(Algorithm::hs384, key, data),
            "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952");
  EXPECT_EQ(mac(Algorithm::hs512, key, data),
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52"
            "95e64f73f63f0aec8b915a985d786598");
}

TEST(Hmac, SignsManyMessagesWithOneKey) {
  const Hmac hmac(Algorithm::hs256, "k");
  const std::string first = hex(hmac.sign("a").view());
  hmac.sign("b");
  EXPECT_EQ(hex(hmac.sign("a").view()), first);
}

TEST(Algorithms, AreNamedExactly) {
  EXPECT_EQ(parse_algorithm("HS384"), Algorithm::hs384);
  for (const char* name : {"hs256", "HS2567", "none", "RS256", ""}) EXPECT_FALSE(parse_algorithm(name)) << name;
}

TEST(EqualConstantTime, ComparesLengthAndBytes) {
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
}

} // namespace
} // namespace authd::pipeline
