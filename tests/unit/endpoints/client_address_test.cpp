// SPDX-License-Identifier: Apache-2.0
#include "http/exchange.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "endpoints/access_rules.h"
#include "test_server.h"

namespace authd::endpoints {
namespace {

const std::vector<std::string> kGateways{"10.0.0.0/8", "fd00::/8"};

std::string client_of(const std::vector<http::HeaderField>& headers,
                      const std::vector<std::string>& gateways = kGateways) {
  http::Request request;
  request.headers = headers;
  const TrustedPeers peers(gateways);
  const auto is_gateway = [&](const IpAddress& address) { return peers.contains(address); };
  return std::string(http::client_address(request, is_gateway).text().view());
}

TEST(ClientAddress, IsTheRightmostThatIsNoGateway) {
  EXPECT_EQ(client_of({}), "");
  EXPECT_EQ(client_of({{"Forwarded", "for=198.51.100.9"}}), "");
  EXPECT_EQ(client_of({{"x-forwarded-for", "198.51.100.9"}}), "198.51.100.9");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "203.0.113.66, 198.51.100.9,10.1.2.3 , fd00::7"}}), "198.51.100.9")
      << "what stands to the left is the client's own word";
  EXPECT_EQ(client_of({{"X-Forwarded-For", "10.0.0.1, 10.0.0.2"}}), "") << "gateways alone";
}

TEST(ClientAddress, SeveralFieldsAreOneList) {
  EXPECT_EQ(client_of({{"X-Forwarded-For", "203.0.113.66, 198.51.100.9"}, {"A", "b"}, {"X-Forwarded-For", "10.0.0.2"}}),
            "198.51.100.9");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "203.0.113.66"}, {"X-Forwarded-For", "198.51.100.9"}}), "198.51.100.9");
}

TEST(ClientAddress, MayHaveAPort) {
  EXPECT_EQ(client_of({{"X-Forwarded-For", "198.51.100.9:4711"}}), "198.51.100.9");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "[2001:db8::9]:4711"}}), "2001:db8::9");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "[2001:db8::9]"}}), "2001:db8::9");
  EXPECT_EQ(client_of({{"X-Forwarded-For", "2001:db8::9"}}), "2001:db8::9");
}

TEST(ClientAddress, WhatIsNoAddressEndsTheSearch) {
  for (const char* entry : {"unknown", "_hidden", "[", "[]", ":", "198.51.100.300", "-"}) {
    EXPECT_EQ(client_of({{"X-Forwarded-For", "198.51.100.9, " + std::string(entry)}}), "") << entry;
  }
  EXPECT_EQ(client_of({{"X-Forwarded-For", "198.51.100.9, ,"}}), "198.51.100.9") << "empty ones do not count";
}

TEST(ClientAddress, IsToldOnlyWhenTrustedGatewaysAreNamedAndThePeerIsOne) {
  const auto told = [](bool trusted_are_gateways, const char* gateway) {
    http::ServerOptions options;
    options.trusted_are_gateways = trusted_are_gateways;
    options.is_trusted = [peers = TrustedPeers({gateway})](const IpAddress& peer) { return peers.contains(peer); };
    http::TestServer server(options);
    server.connect().exchange(http::get("/hello", "X-Forwarded-For: 198.51.100.9\r\n"));
    return server.observed().entries().front().client;
  };
  EXPECT_EQ(told(true, "127.0.0.0/8"), "198.51.100.9");
  EXPECT_EQ(told(false, "127.0.0.0/8"), "");
  EXPECT_EQ(told(true, "10.0.0.0/8"), "") << "a stranger's word";
}

} // namespace
} // namespace authd::endpoints
