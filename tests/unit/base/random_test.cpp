// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace authd {
namespace {

using Block = std::array<unsigned char, 32>;

TEST(RandomStream, NeverDrawsTheSameTwiceAlsoBesideAnother) {
  RandomStream one, other;
  std::set<Block> seen;
  for (int i = 0; i < 1000; ++i) {
    for (RandomStream* stream : {&one, &other}) {
      Block block{};
      stream->draw(block.data(), block.size());
      seen.insert(block);
    }
  }
  EXPECT_EQ(seen.size(), 2000u);
}

TEST(RandomStream, DrawsAsMuchAsItPromises) {
  std::string bytes(65536, '\0');
  RandomStream().draw(bytes.data(), bytes.size());
  std::set<char> values(bytes.begin(), bytes.end());
  EXPECT_EQ(values.size(), 256u);
}

TEST(RandomBase64url, IsAsLongAsItsBytesWant) {
  EXPECT_EQ(random_base64url(32).size(), 43u);
  EXPECT_NE(random_base64url(32), random_base64url(32));
}

} // namespace
} // namespace authd
