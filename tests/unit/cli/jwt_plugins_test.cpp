// SPDX-License-Identifier: Apache-2.0
#include "cli/jwt_plugins.h"

#include <Poco/Exception.h>
#include <gmock/gmock.h>

namespace authd::cli {
namespace {

using daemon::Finding;
using testing::ElementsAre;
using testing::HasSubstr;

// One line for each finding; a good one begins with "ok ".
std::vector<std::string> lines_of(const std::vector<Finding>& findings) {
  std::vector<std::string> lines;
  for (const Finding& finding : findings)
    lines.push_back((finding.verdict == Finding::Verdict::good ? "ok " : "") + finding.text);
  return lines;
}

std::vector<std::string> compared(const std::string& plugins) {
  return lines_of(compare_jwt_plugins("{\"data\":[" + plugins + "],\"next\":null}", config::Jwt()));
}

std::string plugin(const std::string& config, const std::string& more = "") {
  return R"({"name":"jwt","enabled":true,"service":{"id":"s1"},"route":null,"consumer":null,"config":)" + config +
         more + "}";
}

constexpr const char* kGood = R"({"key_claim_name":"key","secret_is_base64":false,"claims_to_verify":["exp","nbf"],)"
                              R"("maximum_expiration":0})";

TEST(JwtPlugins, ThatAcceptTheTokensAreGood) {
  EXPECT_THAT(compared(plugin(kGood)), ElementsAre("ok jwt plugin of service s1 accepts authd's tokens"));
}

TEST(JwtPlugins, AreComparedInEverySettingThatDecides) {
  EXPECT_THAT(compared(plugin(R"({"key_claim_name":"iss","secret_is_base64":true,"claims_to_verify":null,)"
                              R"("maximum_expiration":300})")),
              ElementsAre("jwt plugin of service s1: key_claim_name is \"iss\", jwt.key_claim_name is \"key\"; it "
                          "refuses authd's tokens",
                          "jwt plugin of service s1: secret_is_base64 is true, jwt.secret_is_base64 is false; it "
                          "refuses authd's tokens",
                          "jwt plugin of service s1: claims_to_verify is []; without exp a token never expires there",
                          "jwt plugin of service s1: maximum_expiration is 300 s, jwt.expiration is 900 s; it refuses "
                          "authd's tokens"));
}

TEST(JwtPlugins, HaveTheDefaultsOfKong) {
  EXPECT_THAT(compared(plugin("{}")), ElementsAre(HasSubstr("key_claim_name is \"iss\""), HasSubstr("never expires")));
}

TEST(JwtPlugins, ThatAreDisabledOrOthersDoNotCount) {
  EXPECT_THAT(compared(R"({"name":"key-auth","enabled":true},{"name":"jwt","enabled":false,"config":{}})"),
              ElementsAre("there is no jwt plugin: nothing takes the tokens"));
}

TEST(JwtPlugins, NeedAListOfPlugins) {
  EXPECT_THROW(compare_jwt_plugins(R"({"message":"Not found"})", config::Jwt()), Poco::Exception);
  EXPECT_THROW(compare_jwt_plugins("<html>", config::Jwt()), Poco::Exception);
}

} // namespace
} // namespace authd::cli
