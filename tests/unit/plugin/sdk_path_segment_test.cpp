// SPDX-License-Identifier: Apache-2.0
#include "authd/path_segment.hpp"

#include <gtest/gtest.h>

namespace authd::sdk {
namespace {

TEST(PathSegment, EncodesEverythingButUnreservedCharacters) {
  EXPECT_EQ(path_segment("example-consumer_1.~"), "example-consumer_1.~");
  EXPECT_EQ(path_segment("a/b"), "a%2Fb");
  EXPECT_EQ(path_segment("x?y=1#z"), "x%3Fy%3D1%23z");
  EXPECT_EQ(path_segment("%2e%2e"), "%252e%252e");
  EXPECT_EQ(path_segment("\xc3\xbcn i+code;\""), "%C3%BCn%20i%2Bcode%3B%22");
  EXPECT_EQ(path_segment(std::string_view("\0\x7f", 2)), "%00%7F");
  EXPECT_EQ(path_segment("..."), "...");
  EXPECT_EQ(path_segment("a..b/.c"), "a..b%2F.c");
}

TEST(PathSegment, RefusesWhatNoEncodingKeepsInItsPlace) {
  for (const char* id : {"", ".", "..", "../status", "a/../b", "a/..", "./a", "..\\x", "a/."})
    EXPECT_EQ(path_segment(id), std::nullopt) << id;
}

} // namespace
} // namespace authd::sdk
