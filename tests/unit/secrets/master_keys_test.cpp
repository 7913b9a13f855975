// SPDX-License-Identifier: Apache-2.0
#include "secrets/master_keys.h"

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace authd {
namespace {

Secret key(char filled_with, std::size_t bytes = MasterKeys::kBytes) { return Secret(std::string(bytes, filled_with)); }

std::string hex(std::string_view bytes) {
  std::string text;
  for (const unsigned char b : bytes) (text += "0123456789abcdef"[b >> 4]) += "0123456789abcdef"[b & 15];
  return text;
}

TEST(MasterKeys, AreThirtyTwoBytes) {
  EXPECT_THROW(MasterKeys({key('a', 31)}), std::invalid_argument);
  EXPECT_THROW(MasterKeys({key('a'), key('b', 33)}), std::invalid_argument);
  EXPECT_NO_THROW(MasterKeys({key('a'), key('b')}));
  EXPECT_TRUE(MasterKeys().empty());
}

TEST(MasterKeys, EachGivesAKeyOfItsOwnInTheirOrder) {
  const auto both = MasterKeys({key('a'), key('b')}).derive("oauth", "codes");
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0], MasterKeys({key('a')}).derive("oauth", "codes").at(0));
  EXPECT_EQ(both[1], MasterKeys({key('b')}).derive("oauth", "codes").at(0));
  EXPECT_FALSE(both[0] == both[1]);
  EXPECT_EQ(both[0].reveal().size(), MasterKeys::kBytes);
}

TEST(MasterKeys, OwnersAndPurposesHaveDifferentKeys) {
  const MasterKeys master({key('a')});
  const auto one = [&](std::string_view owner, std::string_view purpose) {
    return master.derive(owner, purpose).at(0);
  };
  EXPECT_EQ(one("ab", "c"), one("ab", "c"));
  EXPECT_FALSE(one("ab", "c") == one("a", "bc"));
  EXPECT_FALSE(one("ab", "c") == one("ab", "d"));
  EXPECT_FALSE(one("ab", "c") == one("xb", "c"));
}

// What is sealed today must open after an upgrade, so the derivation is a format: computed with Python's hmac.
TEST(MasterKeys, DeriveWhatTheyAlwaysDerived) {
  EXPECT_EQ(hex(MasterKeys({key('a')}).derive("oauth", "codes").at(0).reveal()),
            "38925fb88a4e83807d33addde2c5c5f1e751a52a76f768ce8513c05a0ecc36e9");
}

} // namespace
} // namespace authd
