// SPDX-License-Identifier: Apache-2.0
#include "http/peer_shares.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace authd::http {
namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }

TEST(PeerShares, CountEachPeerForItself) {
  PeerShares shares;
  PeerShares::Share first = shares.take(address("192.0.2.1"));
  const PeerShares::Share other = shares.take(address("192.0.2.2"));
  EXPECT_EQ(first.connections(), 1U);
  EXPECT_EQ(other.connections(), 1U);
  {
    const PeerShares::Share second = shares.take(address("192.0.2.1"));
    EXPECT_EQ(second.connections(), 2U);
  }
  EXPECT_EQ(shares.take(address("192.0.2.1")).connections(), 2U) << "the second was given back";
  first = {};
  EXPECT_EQ(shares.peers(), 1U) << "nothing is kept of a peer without connections";
}

TEST(PeerShares, AnIpv6PeerIsItsWholeNetwork) {
  PeerShares shares;
  const PeerShares::Share first = shares.take(address("2001:db8:0:1::1"));
  EXPECT_EQ(shares.take(address("2001:db8:0:1:ffff::2")).connections(), 2U);
  EXPECT_EQ(shares.take(address("2001:db8:0:2::1")).connections(), 1U);
  EXPECT_EQ(shares.take(address("::ffff:192.0.2.1")).connections(), 1U);
  const PeerShares::Share mapped = shares.take(address("192.0.2.1"));
  EXPECT_EQ(shares.take(address("::ffff:192.0.2.1")).connections(), 2U) << "an IPv4 peer of a dual-stack listener";
}

TEST(PeerShares, AMovedShareIsGivenBackOnce) {
  PeerShares shares;
  PeerShares::Share kept;
  {
    PeerShares::Share taken = shares.take(address("192.0.2.1"));
    const PeerShares::Share moved = std::move(taken);
    kept = shares.take(address("192.0.2.1"));
    EXPECT_EQ(kept.connections(), 2U);
  }
  EXPECT_EQ(shares.take(address("192.0.2.1")).connections(), 2U);
}

TEST(PeerShares, AreExactUnderManyThreads) {
  PeerShares shares;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&shares] {
      for (int i = 0; i < 10000; ++i) {
        const PeerShares::Share one = shares.take(address(i % 2 == 0 ? "192.0.2.1" : "192.0.2.2"));
        ASSERT_LE(one.connections(), 4U);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(shares.peers(), 0U);
}

} // namespace
} // namespace authd::http
