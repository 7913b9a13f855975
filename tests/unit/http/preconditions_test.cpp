// SPDX-License-Identifier: Apache-2.0
#include "http/preconditions.h"

#include <vector>

#include <gtest/gtest.h>

namespace authd::http {
namespace {

constexpr std::string_view kEtag = "\"a,b\"";
constexpr std::time_t kModified = 784111777; // Sun, 06 Nov 1994 08:49:37 GMT

bool not_modified(const std::vector<HeaderField>& fields) {
  Request request;
  request.headers = fields;
  return is_not_modified(request, kEtag, kModified);
}
bool matches(std::string_view tags) { return not_modified({{"if-none-match", tags}}); }
bool not_modified_since(std::string_view date) { return not_modified({{"If-Modified-Since", date}}); }

TEST(Preconditions, FindTheTagInAList) {
  for (const std::string_view tags : {"\"a,b\"", "W/\"a,b\"", "\"x\", \"a,b\"", "\"x\",W/\"y\" , \"a,b\"", "*", " * "})
    EXPECT_TRUE(matches(tags)) << tags;
  EXPECT_TRUE(not_modified({{"If-None-Match", "\"x\""}, {"If-None-Match", "\"a,b\""}}));
}

TEST(Preconditions, DoNotFindAnother) {
  for (const std::string_view tags : {"\"a\"", "\"b\"", "a,b", "\"a,b", "", "\"\"", "\"x*\"", "\"A,B\""})
    EXPECT_FALSE(matches(tags)) << tags;
}

TEST(Preconditions, CompareDatesInTheThreeFormats) {
  for (const std::string_view date : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994", "Mon, 07 Nov 1994 00:00:00 GMT"})
    EXPECT_TRUE(not_modified_since(date)) << date;
  EXPECT_FALSE(not_modified_since("Sun, 06 Nov 1994 08:49:36 GMT"));
}

TEST(Preconditions, IgnoreWhatIsNoDate) {
  for (const std::string_view date : {"", "yesterday", "784111777", "Sun, 36 Nov 2094 08:49:37 GMT"})
    EXPECT_FALSE(not_modified_since(date)) << date;
  constexpr std::string_view kLate = "Mon, 07 Nov 1994 00:00:00 GMT";
  EXPECT_FALSE(not_modified({{"If-Modified-Since", kLate}, {"If-Modified-Since", kLate}}));
}

TEST(Preconditions, PreferTags) {
  EXPECT_FALSE(not_modified({{"If-Modified-Since", "Mon, 07 Nov 1994 00:00:00 GMT"}, {"If-None-Match", "\"x\""}}));
  EXPECT_TRUE(not_modified({{"If-Modified-Since", "Sat, 05 Nov 1994 00:00:00 GMT"}, {"If-None-Match", kEtag}}));
  EXPECT_FALSE(not_modified({}));
}

} // namespace
} // namespace authd::http
