// SPDX-License-Identifier: Apache-2.0
#include "base/ip_address.h"

#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace authd {
namespace {

std::string parsed(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? std::string(address->text().view()) : "no address";
}

std::string truncated(std::string_view text) {
  return std::string(IpAddress::parse(text).value_or(IpAddress()).truncated().text().view());
}

TEST(IpAddress, IsReadAndShown) {
  EXPECT_EQ(parsed("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(parsed("2001:DB8:0::1"), "2001:db8::1");
  EXPECT_EQ(parsed("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(parsed("::ffff:192.0.2.1"), "192.0.2.1") << "IPv4-mapped";
}

TEST(IpAddress, NothingElseIsOne) {
  for (const char* text :
       {"", "192.0.2", "192.0.2.1:80", "[::1]", "fe80::1%eth0", "unknown", " 192.0.2.1", "192.0.2.256"})
    EXPECT_EQ(parsed(text), "no address") << text;
  EXPECT_EQ(parsed(std::string(100, '1')), "no address");
  EXPECT_EQ(parsed(std::string_view("192.0.2.1\0", 10)), "no address");
}

TEST(IpAddress, IsTruncatedToANetwork) {
  EXPECT_EQ(truncated("192.0.2.129"), "192.0.2.0");
  EXPECT_EQ(truncated("2001:db8:aaaa:bbbb::1"), "2001:db8:aaaa::");
  EXPECT_EQ(truncated("::ffff:192.0.2.129"), "192.0.2.0");
  EXPECT_EQ(IpAddress().truncated().text().view(), "");
}

TEST(IpAddress, SharesAPrefix) {
  const auto share = [](const char* a, const char* b, unsigned bits) {
    return IpAddress::parse(a)->shares_prefix(*IpAddress::parse(b), bits);
  };
  EXPECT_TRUE(share("10.1.2.3", "10.1.255.255", 16));
  EXPECT_FALSE(share("10.1.2.3", "10.2.2.3", 16));
  EXPECT_TRUE(share("10.1.2.3", "10.1.2.2", 31));
  EXPECT_FALSE(share("10.1.2.3", "10.1.2.2", 32));
  EXPECT_TRUE(share("1.2.3.4", "200.2.3.4", 0));
  EXPECT_FALSE(share("1.2.3.4", "::1", 0)) << "another family";
  EXPECT_TRUE(share("2001:db8::1", "2001:db8:8000::1", 32));
  EXPECT_FALSE(share("2001:db8::1", "2001:db8:8000::1", 33));
}

TEST(IpAddress, ComesFromASocketAddress) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  ::inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
  EXPECT_EQ(IpAddress::of(reinterpret_cast<const sockaddr*>(&v4)).text().view(), "192.0.2.1");
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  ::inet_pton(AF_INET6, "::ffff:192.0.2.1", &v6.sin6_addr);
  EXPECT_EQ(IpAddress::of(reinterpret_cast<const sockaddr*>(&v6)).text().view(), "192.0.2.1");
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_TRUE(IpAddress::of(reinterpret_cast<const sockaddr*>(&local)).empty());
}

TEST(Authority, HasBracketsAroundAnIpv6AddressAlone) {
  EXPECT_EQ(authority("::", 80), "[::]:80");
  EXPECT_EQ(authority("fd00::1", 3000), "[fd00::1]:3000");
  EXPECT_EQ(authority("127.0.0.1", 3000), "127.0.0.1:3000");
  EXPECT_EQ(authority("localhost", 1), "localhost:1");
}

} // namespace
} // namespace authd
