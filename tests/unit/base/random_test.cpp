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

TEST(UuidSource, MakesDistinctIdsOfVersion4AcrossItsBatches) {
  UuidSource source;
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    const UuidSource::Text text = source.next();
    ASSERT_TRUE(is_uuid(view(text)));
    ASSERT_EQ(text[14], '4');
    ASSERT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos);
    seen.emplace(view(text));
  }
  EXPECT_EQ(seen.size(), 2000u);
}

TEST(IsUuid, AcceptsEitherCaseAndNothingElse) {
  EXPECT_TRUE(is_uuid("519183b0-74b7-5b1b-ac5e-4f5beed3e547"));
  EXPECT_TRUE(is_uuid("519183B0-74B7-5B1B-AC5E-4F5BEED3E547"));
  for (const char* text : {"", "519183b0-74b7-5b1b-ac5e-4f5beed3e54", "519183b0-74b7-5b1b-ac5e-4f5beed3e5477",
                           "519183b0x74b7-5b1b-ac5e-4f5beed3e547", "g19183b0-74b7-5b1b-ac5e-4f5beed3e547"}) {
    EXPECT_FALSE(is_uuid(text)) << text;
  }
}

} // namespace
} // namespace authd
