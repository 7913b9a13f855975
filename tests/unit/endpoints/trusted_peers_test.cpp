// SPDX-License-Identifier: Apache-2.0
#include "endpoints/trusted_peers.h"

#include <gtest/gtest.h>

namespace authd::endpoints {
namespace {

bool trusts(const std::vector<std::string>& blocks, const char* peer) {
  return TrustedPeers(blocks).contains(IpAddress::parse(peer).value());
}

TEST(TrustedPeers, AreThoseOfTheBlocks) {
  EXPECT_TRUE(trusts({"192.0.2.0/24", "10.0.0.0/8"}, "10.1.2.3"));
  EXPECT_FALSE(trusts({"192.0.2.0/24", "10.0.0.0/8"}, "11.1.2.3"));
  EXPECT_TRUE(trusts({"2001:db8::/33"}, "2001:db8:7fff::1"));
  EXPECT_FALSE(trusts({"2001:db8::/33"}, "2001:db8:8000::1"));
  EXPECT_TRUE(trusts({"127.0.0.0/8"}, "::ffff:127.0.0.1")) << "an IPv4 peer of a dual-stack listener";
}

TEST(TrustedPeers, WithoutAPrefixOneAddressIsMeant) {
  EXPECT_TRUE(trusts({"192.0.2.1", "::1"}, "192.0.2.1"));
  EXPECT_TRUE(trusts({"192.0.2.1", "::1"}, "::1"));
  EXPECT_FALSE(trusts({"192.0.2.1", "::1"}, "192.0.2.2"));
}

TEST(TrustedPeers, AreAllWithoutABlock) { EXPECT_TRUE(trusts({}, "192.0.2.1")); }

} // namespace
} // namespace authd::endpoints
