// SPDX-License-Identifier: Apache-2.0
#include "http/path_patterns.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace authd::http {
namespace {

using testing::ElementsAre;

class Patterns : public testing::Test {
 protected:
  Patterns() {
    for (std::size_t i = 0; i < all_.size(); ++i) patterns_.add(all_[i], i);
  }
  // "/a/{x}: 1, 2"; "" when none matches.
  std::string match(std::string_view path) const {
    const auto found = patterns_.find(path);
    if (!found) return "";
    std::string text(all_[found->values.front()]);
    for (const std::string_view parameter : found->sent()) text += " " + std::string(parameter);
    return text;
  }

  const std::vector<std::string_view> all_{"/clients/{id}",     "/clients/{id}/secrets", "/clients/me",
                                           "/files/{rest*}",    "/{any}/secrets",        "/files/{name}/raw",
                                           "/clients/me/{what}"};
  PathPatterns patterns_;
};

TEST_F(Patterns, MatchOneSegmentForEachParameter) {
  EXPECT_EQ(match("/clients/42"), "/clients/{id} 42");
  EXPECT_EQ(match("/clients/42/secrets"), "/clients/{id}/secrets 42");
  EXPECT_EQ(match("/clients/a%2Fb"), "/clients/{id} a%2Fb") << "as sent";
}

TEST_F(Patterns, NeverMatchAnEmptySegment) {
  for (const std::string_view path : {"/clients/", "/clients//secrets", "//secrets", "/files/", "/files", "/", "", "x"})
    EXPECT_EQ(match(path), "") << path;
}

TEST_F(Patterns, MatchWholePathsAlone) {
  EXPECT_EQ(match("/clients/42/"), "");
  EXPECT_EQ(match("/clients/42/secrets/7"), "");
  EXPECT_EQ(match("/Clients/42"), "");
}

TEST_F(Patterns, PreferALiteralAndComeBackWhenItLeadsNowhere) {
  EXPECT_EQ(match("/clients/me"), "/clients/me");
  EXPECT_EQ(match("/clients/me/keys"), "/clients/me/{what} keys");
  EXPECT_EQ(match("/clients/me/secrets"), "/clients/me/{what} secrets");
  EXPECT_EQ(match("/clients/secrets"), "/clients/{id} secrets");
  EXPECT_EQ(match("/x/secrets"), "/{any}/secrets x");
}

TEST_F(Patterns, TakeTheRestWhenNothingElseMatches) {
  EXPECT_EQ(match("/files/a/raw"), "/files/{name}/raw a");
  EXPECT_EQ(match("/files/a"), "/files/{rest*} a");
  EXPECT_EQ(match("/files/a/b/c/"), "/files/{rest*} a/b/c/");
  EXPECT_EQ(match("/files/a/raw/x"), "/files/{rest*} a/raw/x");
  EXPECT_EQ(match("/files/secrets"), "/files/{rest*} secrets");
}

TEST(PathPatterns, GivesAllValuesOfOneShape) {
  PathPatterns patterns;
  patterns.add("/clients/{id}", 3);
  patterns.add("/clients/{client}", 5);
  EXPECT_THAT(patterns.find("/clients/x")->values, ElementsAre(3, 5));
}

TEST(PatternFault, NamesWhatIsWrong) {
  EXPECT_EQ(pattern_fault("/"), "");
  EXPECT_EQ(pattern_fault("/a/{b}/c/{d*}"), "");
  EXPECT_EQ(pattern_fault("a/{b}"), "does not begin with /");
  EXPECT_EQ(pattern_fault("/a//b"), "has an empty segment");
  EXPECT_EQ(pattern_fault("/a/"), "has an empty segment");
  EXPECT_EQ(pattern_fault("/a/x{b}"), "has the segment x{b}, which is neither a text nor {name} nor {name*}");
  EXPECT_EQ(pattern_fault("/a/{}"), "has the segment {}, which is neither a text nor {name} nor {name*}");
  EXPECT_EQ(pattern_fault("/a/{b*}/c"), "has {b*} before its end");
  EXPECT_EQ(pattern_fault("/{a}/{a}"), "names a twice");
  EXPECT_EQ(pattern_fault("/a?b"), "has a blank, ? or #");
  EXPECT_EQ(pattern_fault("/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}"), "");
  EXPECT_EQ(pattern_fault("/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"), "has more than 8 parameters");
}

TEST(SameShape, LooksAtPlacesAndNotAtNames) {
  EXPECT_TRUE(same_shape("/a/{b}", "/a/{c}"));
  EXPECT_TRUE(same_shape("/a/{b*}", "/a/{c*}"));
  EXPECT_TRUE(same_shape("/", "/"));
  EXPECT_FALSE(same_shape("/a/{b}", "/a/{b*}"));
  EXPECT_FALSE(same_shape("/a/{b}", "/a/b"));
  EXPECT_FALSE(same_shape("/a", "/a/{b}"));
}

} // namespace
} // namespace authd::http
