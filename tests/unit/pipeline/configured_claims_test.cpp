// SPDX-License-Identifier: Apache-2.0
#include "pipeline/configured_claims.h"

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

config::Claim constant(std::string name, std::string json) { return {std::move(name), std::move(json), {}, false}; }
config::Claim text(std::string name, std::string header) { return {std::move(name), {}, std::move(header), false}; }
config::Claim list(std::string name, std::string header) { return {std::move(name), {}, std::move(header), true}; }

std::string appended(const ConfiguredClaims& claims, const std::vector<HeaderValue>& values) {
  std::string out = "{";
  claims.append(out, values);
  return out;
}

std::string of_list(std::string_view value) { return appended(ConfiguredClaims({list("g", "G")}), {{1, value}}); }
std::string of_text(std::string_view value) { return appended(ConfiguredClaims({text("t", "T")}), {{1, value}}); }

// "" when it is accepted.
std::string refusal(const HeaderValue& header) {
  const auto ok = ConfiguredClaims({constant("c", "1"), text("t", "X-Tenant")}).check(std::vector{header});
  if (ok) return "";
  EXPECT_EQ(ok.error().code, Code::malformed_request);
  return ok.error().detail;
}

TEST(ConfiguredClaims, StandInTheOrderOfTheConfiguration) {
  const ConfiguredClaims claims({text("z", "X-Z"), constant("b", "1"), constant("a", "[true]"), list("y", "X-Y"),
                                 constant("\"quoted\"", "\"c\"")});
  EXPECT_EQ(std::vector<std::string>(claims.headers().begin(), claims.headers().end()),
            (std::vector<std::string>{"X-Z", "X-Y"}));
  EXPECT_EQ(appended(claims, {{1, "zed"}, {1, "p,q"}}),
            R"({,"z":"zed","b":1,"a":[true],"y":["p","q"],"\"quoted\"":"c")");
}

TEST(ConfiguredClaims, AreLeftOutWithoutTheirHeaders) {
  const ConfiguredClaims claims({text("z", "X-Z"), constant("b", "1"), list("y", "X-Y")});
  EXPECT_EQ(appended(claims, {{}, {}}), R"({,"b":1)");
  EXPECT_EQ(appended(claims, {}), R"({,"b":1)");
  EXPECT_EQ(appended(claims, {{}, {1, "q"}}), R"({,"b":1,"y":["q"])");
  EXPECT_EQ(appended(ConfiguredClaims({}), {}), "{");
}

TEST(ConfiguredClaims, SplitListsAtCommas) {
  EXPECT_EQ(of_list("admin"), R"({,"g":["admin"])");
  EXPECT_EQ(of_list(" admin ,\tdev team,,ops , "), R"({,"g":["admin","dev team","ops"])");
  for (const char* none : {"", " ", ",", " , ,\t,"}) EXPECT_EQ(of_list(none), "{") << none;
}

TEST(ConfiguredClaims, TakeTextAsItStandsButForTheBlanksAround) {
  EXPECT_EQ(of_text(" a, b "), R"({,"t":"a, b")");
  EXPECT_EQ(of_text("\"}\\"), R"({,"t":"\"}\\")");
  EXPECT_EQ(of_text("caf\xC3\xA9"), "{,\"t\":\"caf\xC3\xA9\"");
  EXPECT_EQ(of_text(" \t"), "{");
}

TEST(ConfiguredClaims, RefuseWhatNoClaimCanSay) {
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal({1, std::string(4096, 'x')}), "");
  EXPECT_EQ(refusal({1, "  " + std::string(4096, 'x') + "  "}), "") << "blanks around it are no part of it";
  EXPECT_EQ(refusal({1, std::string(4097, 'x')}), "X-Tenant is longer than 4 KiB");
  EXPECT_EQ(refusal({2, "same"}), "X-Tenant was sent more than once");
  for (const char* control : {"a\tb", "a\x01", "a\x7F", "a\xC2\x85"})
    EXPECT_EQ(refusal({1, control}), "X-Tenant contains control characters") << control;
  for (const char* broken : {"caf\xE9", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80"})
    EXPECT_EQ(refusal({1, broken}), "X-Tenant is not valid UTF-8") << broken;
}

TEST(ConfiguredClaims, CheckEveryHeader) {
  const ConfiguredClaims claims({text("a", "X-A"), list("b", "X-B")});
  const auto ok = claims.check(std::vector<HeaderValue>{{1, "fine"}, {1, "\xFF"}});
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().detail, "X-B is not valid UTF-8");
}

} // namespace
} // namespace authd::pipeline
