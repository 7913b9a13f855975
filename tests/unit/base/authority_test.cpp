// SPDX-License-Identifier: Apache-2.0
#include "base/authority.h"

#include <gtest/gtest.h>

namespace authd {
namespace {

TEST(Authority, HasBracketsAroundAnIpv6AddressAlone) {
  EXPECT_EQ(authority("::", 80), "[::]:80");
  EXPECT_EQ(authority("fd00::1", 3000), "[fd00::1]:3000");
  EXPECT_EQ(authority("127.0.0.1", 3000), "127.0.0.1:3000");
  EXPECT_EQ(authority("localhost", 1), "localhost:1");
}

} // namespace
} // namespace authd
