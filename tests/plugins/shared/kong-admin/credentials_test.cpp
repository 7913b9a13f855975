// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "kong-admin/admin_client.h"
#include "kong-admin/credentials.h"

namespace authd::kong_admin {
namespace {

TEST(AdminBase, KeepsPortAndPrefixAndDropsTrailingSlashes) {
  EXPECT_EQ(admin_base("http://kong:8001"), "http://kong:8001");
  EXPECT_EQ(admin_base("http://kong:8001/"), "http://kong:8001");
  EXPECT_EQ(admin_base("https://kong.example/admin-api//"), "https://kong.example/admin-api");
  EXPECT_EQ(admin_base("http://[::1]:8001/x"), "http://[::1]:8001/x");
}

TEST(AdminBase, RefusesWhatIsNoPlainHttpUrlWithoutRepeatingIt) {
  for (const char* url : {"", "kong:8001", "ftp://kong", "http://", "http:///x", "http://:80", "http://u:hidden@kong",
                          "http://kong?hidden", "http://kong/#hidden", "http://kong /hidden", "http://k\xc3\xb6ng"}) {
    try {
      admin_base(url);
      ADD_FAILURE() << url << " was accepted";
    } catch (const std::invalid_argument& e) {
      EXPECT_EQ(std::string(e.what()).find("hidden"), std::string::npos) << e.what();
    }
  }
}

TEST(CredentialPage, IsReadAsKongWritesIt) {
  const auto page = parse_credential_page(
      R"({"data":[{"rsa_public_key":null,"tags":null,"secret":"0123456789abcdef0123456789abcdef","created_at":1795330384,)"
      R"("id":"1d014842-fc52-4f75-bff9-321d73e65ec4","key":"demo-key","algorithm":"HS512",)"
      R"("consumer":{"id":"519183b0-74b7-5b1b-ac5e-4f5beed3e547"}}],"next":null})");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->credentials.size(), 1u);
  const auto& c = page->credentials.front();
  EXPECT_EQ(c.id, "1d014842-fc52-4f75-bff9-321d73e65ec4");
  EXPECT_EQ(c.key, "demo-key");
  EXPECT_EQ(c.algorithm, "HS512");
  EXPECT_EQ(c.secret.reveal(), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(c.created_at, 1795330384);
  EXPECT_EQ(page->next, std::nullopt);
}

TEST(CredentialPage, KeepsAsymmetricCredentialsWithoutTheirSecret) {
  const auto page = parse_credential_page(
      R"({"data":[{"id":"i","key":"k","algorithm":"RS256","secret":"unused","created_at":1}],"next":null})");
  ASSERT_TRUE(page && page->credentials.size() == 1);
  EXPECT_EQ(page->credentials[0].algorithm, "RS256");
  EXPECT_EQ(page->credentials[0].secret.reveal(), "");
}

TEST(CredentialPage, TakesNullForAbsent) {
  const auto page =
      parse_credential_page(R"({"data":[{"id":null,"key":"k","algorithm":null,"secret":"s","created_at":null}]})");
  ASSERT_TRUE(page && page->credentials.size() == 1);
  EXPECT_EQ(page->credentials[0].id, "");
  EXPECT_EQ(page->credentials[0].algorithm, "HS256");
  EXPECT_EQ(page->credentials[0].created_at, 0);
}

TEST(CredentialPage, LeavesOutWhatCannotSignAndSaysWhyWithoutSecrets) {
  const auto page = parse_credential_page(
      R"({"data":[{"key":null,"secret":"planted"},{"key":"","secret":"planted"},{"key":"k","secret":null},)"
      R"({"key":"k","secret":""},{"key":7,"secret":"planted"},{"key":"k","secret":["planted"]},)"
      R"({"key":"k","secret":"planted","created_at":"planted"},{"key":"k","secret":"planted","created_at":true},)"
      R"({"key":"k","secret":"planted","created_at":1e300},"planted",null,[],{"key":"good","secret":"s"}]})");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->credentials.size(), 1u);
  EXPECT_EQ(page->credentials[0].key, "good");
  ASSERT_EQ(page->skipped.size(), 12u);
  for (const auto& why : page->skipped) EXPECT_EQ(why.find("planted"), std::string::npos) << why;
}

TEST(CredentialPage, IsNoValueWhenTheAnswerIsSomethingElse) {
  const std::string deep = std::string(100000, '[');
  for (const std::string& body :
       {std::string(), std::string("<html></html>"), std::string("null"), std::string("[]"), std::string("{}"),
        std::string(R"({"data":{}})"), std::string(R"({"data":null,"next":null})"),
        std::string(R"({"data":[],"next":7})"), std::string(R"({"data":[)"), std::string(R"({"data":[]} x)"),
        std::string("\0{\"data\":[]}", 12), deep,
        R"({"data":[],"x":)" + std::string(40, '[') + std::string(40, ']') + "}", R"({"data":)" + deep,
        R"({"data":[)" + deep + "1" + std::string(100000, ']') + "]}"})
    EXPECT_FALSE(parse_credential_page(body)) << body.substr(0, 60);
}

TEST(ConsumerId, MustBeAUuid) {
  EXPECT_EQ(parse_consumer_id(R"({"id":"519183b0-74b7-5b1b-ac5e-4f5beed3e547","username":"x"})"),
            "519183b0-74b7-5b1b-ac5e-4f5beed3e547");
  for (const char* body :
       {R"({"id":"example-consumer"})", R"({"id":7})", R"({"id":null})", "{}", "[]", "",
        R"({"id":"519183b0-74b7-5b1b-ac5e-4f5beed3e54"})", R"({"id":"519183b0-74b7-5b1b-ac5e_4f5beed3e547"})"})
    EXPECT_EQ(parse_consumer_id(body), std::nullopt) << body;
}

TEST(DatabaseReachable, IsWhatKongSaysAndTrueWhereThereIsNoDatabase) {
  EXPECT_EQ(parse_database_reachable(R"({"server":{},"database":{"reachable":true}})"), true);
  EXPECT_EQ(parse_database_reachable(R"({"server":{},"database":{"reachable":false}})"), false);
  EXPECT_EQ(parse_database_reachable(R"({"server":{},"memory":{}})"), true);
  for (const char* body : {"", "{}", "OK", R"({"status":"up"})", R"({"server":{},"database":null})",
                           R"({"server":{},"database":{}})", R"({"server":{},"database":{"reachable":"yes"}})"})
    EXPECT_EQ(parse_database_reachable(body), std::nullopt) << body;
}

TEST(CreateBody, EscapesWhatJsonNeedsEscaped) {
  EXPECT_EQ(create_body("k", "a/b+c=", "HS256", {}).reveal(),
            R"({"key":"k","secret":"a\/b+c=","algorithm":"HS256"})"); // both forms of a slash are JSON
  EXPECT_EQ(create_body("a\"b\\c\n", "s", "HS256", {}).reveal(),
            R"({"key":"a\"b\\c\n","secret":"s","algorithm":"HS256"})");
  EXPECT_EQ(create_body("k", "s", "HS256", {"authd", "a \"b\""}).reveal(),
            R"({"key":"k","secret":"s","algorithm":"HS256","tags":["authd","a \"b\""]})");
}

TEST(Wiping, LeavesNothingInAStringsOwnBuffer) {
  std::string text("short-secret");
  const char* place = text.data();
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string(place + 1, 11), std::string(11, '\0'));
}

// As Kong 3.9 has it: transcript 01, "POST tags invalid", and kong/db/schema/typedefs.lua.
TEST(CredentialTag, IsWhatKongTakes) {
  for (const char* tag :
       {"authd", "env:test", "a b", " ", "~!\"#$%&'()*+-.:;<=>?@[\\]^_`{|}", "\xe2\x82\xac", "\xf0\x9f\x94\x91"})
    EXPECT_FALSE(fault_of_tag(tag)) << tag;
  for (const char* tag : {"a,b", "a/b", ",", "/"})
    EXPECT_NE(fault_of_tag(tag).value_or("").find("a comma or a slash"), std::string::npos) << tag;
  for (const char* tag : {"a\tb", "a\n", "\x7f", "\xff", "\xc3", "\xed\xa0\x80", "a\xc0\xaf", "\xf4\x90\x80\x80"})
    EXPECT_NE(fault_of_tag(tag).value_or("").find("not printable UTF-8"), std::string::npos) << tag;
  EXPECT_NE(fault_of_tag("").value_or("").find("must not be empty"), std::string::npos);
}

} // namespace
} // namespace authd::kong_admin
