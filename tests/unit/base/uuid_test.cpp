// SPDX-License-Identifier: Apache-2.0
#include "base/uuid.h"

#include <set>

#include <gtest/gtest.h>

namespace authd {
namespace {

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
