// SPDX-License-Identifier: Apache-2.0
#include "endpoints/access_rules.h"

#include <initializer_list>
#include <vector>

#include <gtest/gtest.h>

namespace authd::endpoints {
namespace {

// The status of the objection; 0: there is none.
int judged(const AdminGuard& guard, std::initializer_list<http::HeaderField> fields, std::string_view body = {}) {
  const std::vector<http::HeaderField> headers(fields);
  http::Request request;
  request.headers = headers;
  request.body = body;
  const auto objection = guard.judge(request);
  return objection ? objection->status : 0;
}

const AdminGuard kGuard("ops.internal");

TEST(AdminGuard, PassesAddressesLocalhostAndItsOwnHost) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:9000", "192.0.2.7:80", "[::1]", "[::1]:9000", "localhost",
                           "LOCALHOST:9000", "ops.internal", "Ops.Internal:9000"}) {
    EXPECT_EQ(judged(kGuard, {{"Host", host}}), 0) << host;
  }
  EXPECT_EQ(judged(kGuard, {}), 0) << "HTTP/1.0, as no browser speaks it";
}

TEST(AdminGuard, RefusesAPageWhoseNameWasMadeToLeadHere) {
  for (const char* host : {"evil.example", "evil.example:9000", "127.0.0.1.evil.example", "localhost.evil.example",
                           "ops.internal.evil.example", "xn--localhost", "", ":9000"}) {
    EXPECT_EQ(judged(kGuard, {{"Host", host}}), 403) << host;
  }
}

TEST(AdminGuard, RefusesPagesFromElsewhere) {
  for (const char* origin : {"http://evil.example", "https://127.0.0.1:9000", "http://127.0.0.1",
                             "http://127.0.0.1:9001", "http://localhost:9000", "null", "", "127.0.0.1:9000"}) {
    EXPECT_EQ(judged(kGuard, {{"Host", "127.0.0.1:9000"}, {"Origin", origin}}), 403) << origin;
  }
  EXPECT_EQ(judged(kGuard, {{"Host", "127.0.0.1:9000"}, {"Origin", "http://127.0.0.1:9000"}}), 0);
  EXPECT_EQ(judged(kGuard, {{"Host", "a"}, {"Origin", "http://a"}}), 403);
  EXPECT_EQ(judged(kGuard, {{"Host", "127.0.0.1"}, {"Origin", "http://127.0.0.1"}, {"Origin", "http://evil.example"}}),
            403);
}

TEST(AdminGuard, WantsABodyToSayThatItIsJson) {
  const http::HeaderField host{"Host", "127.0.0.1"};
  for (const char* type :
       {"application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"}) {
    EXPECT_EQ(judged(kGuard, {host, {"Content-Type", type}}, "{}"), 0) << type;
  }
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "",
                           "text/plain; application/json", "application/jsonp"}) {
    EXPECT_EQ(judged(kGuard, {host, {"Content-Type", type}}, "{}"), 415) << type;
  }
  EXPECT_EQ(judged(kGuard, {host}, "{}"), 415);
  EXPECT_EQ(judged(kGuard, {host, {"Content-Type", "application/json"}, {"Content-Type", "text/plain"}}, "{}"), 415);
  EXPECT_EQ(judged(kGuard, {host, {"Content-Type", "text/plain"}}), 0) << "there is no body";
}

TEST(AdminGuard, TakesTheHostOfTheListenerWithBrackets) {
  EXPECT_EQ(judged(AdminGuard("[::1]"), {{"Host", "[::1]:1"}}), 0);
  EXPECT_EQ(judged(AdminGuard("[::1]"), {{"Host", "evil.example"}}), 403);
}

TEST(AdminGuard, ObjectsToNothingOnAUnixSocket) {
  EXPECT_EQ(judged(AdminGuard(), {{"Host", "x"}, {"Origin", "http://evil.example"}}, "{}"), 0);
}

bool trusts(const std::vector<std::string>& blocks, const char* peer) {
  return TrustedPeers(blocks).contains(IpAddress::parse(peer).value());
}

TEST(TrustedPeers, AreThoseOfTheBlocks) {
  EXPECT_TRUE(trusts({"192.0.2.0/24", "10.0.0.0/8"}, "10.1.2.3"));
  EXPECT_FALSE(trusts({"192.0.2.0/24", "10.0.0.0/8"}, "11.1.2.3"));
  EXPECT_TRUE(trusts({"2001:db8::/33"}, "2001:db8:7fff::1"));
  EXPECT_FALSE(trusts({"2001:db8::/33"}, "2001:db8:8000::1"));
  EXPECT_TRUE(trusts({"127.0.0.0/8"}, "::ffff:127.0.0.1")) << "an IPv4 peer of a dual-stack listener";
}

TEST(TrustedPeers, WithoutAPrefixOneAddressIsMeant) {
  EXPECT_TRUE(trusts({"192.0.2.1", "::1"}, "192.0.2.1"));
  EXPECT_TRUE(trusts({"192.0.2.1", "::1"}, "::1"));
  EXPECT_FALSE(trusts({"192.0.2.1", "::1"}, "192.0.2.2"));
}

TEST(TrustedPeers, AreAllWithoutABlock) { EXPECT_TRUE(trusts({}, "192.0.2.1")); }

} // namespace
} // namespace authd::endpoints
