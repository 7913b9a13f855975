// SPDX-License-Identifier: Apache-2.0
#include "http/negotiation.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace authd::http {
namespace {

constexpr std::array<std::string_view, 3> kOffered{"application/json", "application/yaml", "text/html"};

// What is chosen for these Accept fields; "": none of them.
std::string_view chosen(const std::vector<HeaderField>& fields) {
  Request request;
  request.headers = fields;
  const auto index = choose_media_type(request, kOffered);
  return index ? kOffered[*index] : std::string_view();
}
std::string_view chosen(std::string_view accept) { return chosen(std::vector<HeaderField>{{"accept", accept}}); }

TEST(Negotiation, TakesTheServersFirstChoiceFromWhoDoesNotCare) {
  EXPECT_EQ(chosen(std::vector<HeaderField>{}), "application/json");
  for (const std::string_view accept : {"*/*", "application/*", "*/*;q=0.1", "application/yaml, application/json"})
    EXPECT_EQ(chosen(accept), "application/json") << accept;
}

TEST(Negotiation, ObeysWeights) {
  EXPECT_EQ(chosen("application/json;q=0.5, application/yaml;q=0.6"), "application/yaml");
  EXPECT_EQ(chosen("application/json;q=0.501,text/html;q=0.502"), "text/html");
  EXPECT_EQ(chosen("application/json; q=0 , */*;q=0.001"), "application/yaml");
  EXPECT_EQ(chosen("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"), "text/html");
}

TEST(Negotiation, LetsTheMostSpecificRangeSayTheWeight) {
  EXPECT_EQ(chosen("application/*;q=0.9, application/json;q=0.1, */*;q=0.5"), "application/yaml");
  EXPECT_EQ(chosen("application/json;q=0.1, application/*;q=0.9"), "application/yaml") << "in any order";
  EXPECT_EQ(chosen("*/*, application/*;q=0.2"), "text/html");
}

TEST(Negotiation, IgnoresCaseOtherParametersAndBlanks) {
  EXPECT_EQ(chosen("TEXT/Html;Q=1, application/json;q=0.9"), "text/html");
  EXPECT_EQ(chosen("text/html ; level=\"1,2;q=0\" ; q=0.8, application/json;q=0.7"), "text/html");
  EXPECT_EQ(chosen(" , text/html"), "text/html");
}

TEST(Negotiation, ReadsEveryAcceptField) {
  EXPECT_EQ(chosen(std::vector<HeaderField>{{"Accept", "application/json;q=0.1"}, {"ACCEPT", "text/html"}}),
            "text/html");
}

TEST(Negotiation, SaysThatNothingIsAccepted) {
  for (const std::string_view accept : {"image/png", "application/json;q=0", "*/*;q=0", "", "json", "text/html;q=2",
                                        "text/html;q=0.5x", "text/html;q=1.001", "*/html"})
    EXPECT_EQ(chosen(accept), "") << accept;
}

} // namespace
} // namespace authd::http
