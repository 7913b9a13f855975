// SPDX-License-Identifier: Apache-2.0
#include "telemetry/shown.h"

#include <string>

#include <gtest/gtest.h>

namespace authd::telemetry {
namespace {

config::Telemetry settings(bool hash_user_names, bool truncate_addresses) {
  config::Telemetry telemetry;
  telemetry.hash_user_names = hash_user_names;
  telemetry.truncate_addresses = truncate_addresses;
  return telemetry;
}

TEST(Shown, CutsBetweenCharacters) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abcd", 3), "abc");
  EXPECT_EQ(cut("ab\u00e4", 3), "ab") << "not through a character of two bytes";
  EXPECT_EQ(cut("", 3), "");
}

TEST(Shown, ANameIsCutOrItsDigest) {
  const Shown plain(settings(false, false));
  const Shown hashed(settings(true, false));
  EXPECT_EQ(plain.user_name("alice").view(), "alice");
  EXPECT_EQ(plain.user_name(std::string(5000, 'a')).view().size(), 256U);
  EXPECT_EQ(hashed.user_name("").view(), "") << "nobody stays nobody";
  const std::string digest(hashed.user_name("alice").view());
  EXPECT_EQ(digest.size(), 16U);
  EXPECT_EQ(digest.find_first_not_of("0123456789abcdef"), std::string::npos) << digest;
  EXPECT_EQ(hashed.user_name("alice").view(), digest) << "the same user is the same";
  EXPECT_NE(hashed.user_name("bob").view(), digest);
}

TEST(Shown, AnIdThatIsANameIsTreatedAsOne) {
  constexpr const char* kUuid = "c1e6880e-dc20-45cb-a4c6-36b4e2da6fa0";
  const Shown hashed(settings(true, false));
  EXPECT_EQ(hashed.user_id(kUuid).view(), kUuid);
  EXPECT_EQ(hashed.user_id("alice").view(), hashed.user_name("alice").view());
  EXPECT_EQ(Shown(settings(false, false)).user_id("alice").view(), "alice");
}

TEST(Shown, AnAddressIsWholeOrANetwork) {
  const IpAddress address = IpAddress::parse("192.0.2.129").value();
  EXPECT_EQ(Shown(settings(false, false)).address(address).view(), "192.0.2.129");
  EXPECT_EQ(Shown(settings(false, true)).address(address).view(), "192.0.2.0");
  EXPECT_EQ(Shown(settings(false, true)).address(IpAddress()).view(), "");
}

} // namespace
} // namespace authd::telemetry
