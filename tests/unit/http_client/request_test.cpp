// SPDX-License-Identifier: Apache-2.0
#include "http_client/request.h"

#include <gtest/gtest.h>

namespace authd::http_client {
namespace {

TEST(HttpUrl, KeepsPathAndQueryByteForByte) {
  const auto url = split_url("http://Kong.Example:8001/a%2F..%2fb/./../x//y?size=1&q=%7e");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->target, "/a%2F..%2fb/./../x//y?size=1&q=%7e");
  EXPECT_EQ(url->authority, "kong.example:8001");
  EXPECT_EQ(url->endpoint.host, "kong.example");
  EXPECT_EQ(url->endpoint.port, "8001");
  EXPECT_FALSE(url->tls);
}

TEST(HttpUrl, KnowsTheDefaultPorts) {
  EXPECT_EQ(split_url("http://kong")->endpoint.port, "80");
  EXPECT_EQ(split_url("https://kong")->endpoint.port, "443");
  EXPECT_TRUE(split_url("https://kong")->tls);
  EXPECT_EQ(split_url("https://kong")->target, "/");
}

TEST(HttpUrl, TakesTheBracketsOffAnIpv6Address) {
  const auto url = split_url("http://[::1]:8001/status");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->endpoint.host, "::1");
  EXPECT_EQ(url->endpoint.port, "8001");
  EXPECT_EQ(url->authority, "[::1]:8001");
}

TEST(HttpUrl, ShowsNoQueryInMessages) {
  EXPECT_EQ(split_url("http://kong:1/a?token=hush")->display, "http://kong:1/a");
  EXPECT_EQ(split_url("http://kong:1?token=hush")->display, "http://kong:1");
}

TEST(HttpUrl, RefusesWhatCannotBeSent) {
  for (const char* url : {"", "kong:8001", "ftp://kong/", "http://", "http:///path", "http://user@kong/",
                          "http://user:pass@kong/", "http://kong/a b", "http://kong/a\r\nX: y", "http://kong/a#b",
                          "http://kong:0/", "http://kong:65536/", "http://kong:80x/", "http://kong:/", "http://[::1/",
                          "http://[::1]x/", "http://kong/\x7f", "http://kong/\xc3\xa9"}) {
    EXPECT_FALSE(split_url(url)) << url;
  }
}

} // namespace
} // namespace authd::http_client
