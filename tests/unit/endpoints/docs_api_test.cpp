// SPDX-License-Identifier: Apache-2.0
// docs/api.md has every endpoint and every code, and no other.
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include "base/result.h"
#include "config/config.h"
#include "endpoints/operations/listeners.h"
#include "pipeline/jwt.h"
#include "support/matches.h"
#include "support/token_forge.h"

namespace authd::endpoints {
namespace {

using test::matches;

const std::string& page() {
  static const std::string text = [] {
    std::ostringstream out;
    out << std::ifstream(AUTHD_SOURCE_DIR "/docs/api.md").rdbuf();
    return out.str();
  }();
  return text;
}

// The two groups of each match.
std::set<std::string> pairs(const std::string& pattern) {
  std::set<std::string> found;
  for (const auto& match : matches(pattern, page())) found.insert(match[1] + " " + match[2]);
  return found;
}

TEST(DocsApi, HasAHeadingForEveryRoute) {
  std::set<std::string> served;
  for (const auto& operations : {operations::of_public_listener(config::Environment::development, {true, true}),
                                 operations::of_admin_listener()}) {
    for (const http::Operation* operation : operations) {
      served.insert(std::string(name_of(operation->method)) + " " + std::string(operation->path));
    }
  }
  EXPECT_EQ(pairs("^### ([A-Z]+) (/.*)$"), served);
}

TEST(DocsApi, HasARowForEveryCodeWithItsStatus) {
  std::set<std::string> codes;
  for (int code = 1; code <= 15; ++code) {
    const CodeInfo& info = describe(static_cast<Code>(code));
    codes.insert(std::string(info.code) + " " + std::to_string(info.status));
  }
  EXPECT_EQ(pairs("^\\| (AUTH_[0-9]+) \\| ([0-9]+) \\| [^|\n]+ \\| [^|\n]+ \\|$"), codes);
}

TEST(DocsApi, HasEveryClaimInTheOrderOfTheToken) {
  config::Jwt jwt;
  jwt.issuer = "issuer";
  jwt.audience = {"audience"};
  pipeline::Signer signer;
  const auto token = signer.sign(pipeline::ClaimsTemplate(jwt), {"id", "name"}, {"key", "secret"}, "jti", 1000);
  const std::size_t table = page().find("| claim | value |");
  const std::string rows = page().substr(table, page().find("\n\n", table) - table);
  std::vector<std::string> claims;
  for (const auto& match : matches("^\\| `([a-z_]+)` \\|", rows)) claims.push_back(match[1]);
  EXPECT_EQ(claims, test::take_apart(token.text).claim_names);
}

} // namespace
} // namespace authd::endpoints
