// SPDX-License-Identifier: Apache-2.0
#include "http/listener.h"

#include <gtest/gtest.h>

#include "raw_client.h"
#include "support/localhost.h"
#include "test_server.h"

namespace authd::http {
namespace {

std::string refusal(const std::string& host, std::uint16_t port) {
  try {
    open_listeners(host, port, 1);
  } catch (const std::runtime_error& e) {
    return e.what();
  }
  return "bound";
}

TEST(Listener, GivesAllReactorsTheSamePort) {
  const auto listeners = open_listeners("127.0.0.1", 0, 4);
  ASSERT_EQ(listeners.size(), 4U);
  EXPECT_NE(listeners[0].address().port(), 0);
  for (const auto& listener : listeners) EXPECT_EQ(listener.address().port(), listeners[0].address().port());
}

TEST(Listener, RefusesAPortThatAnotherServerWouldShare) {
  TestServer server;
  const std::string text = refusal("127.0.0.1", server.server().port());
  EXPECT_NE(text.find("server.port"), std::string::npos) << text;
  EXPECT_NE(text.find("another process"), std::string::npos) << text;
  EXPECT_NE(text.find(std::to_string(server.server().port())), std::string::npos) << text;
}

TEST(Listener, BindsAPortAgainThatWasJustGivenUp) {
  std::uint16_t port = 0;
  {
    TestServer server;
    port = server.server().port();
    RawClient client = server.connect();
    client.exchange(get("/hello", "Connection: close\r\n"));
    client.closed_by_server(); // the server's side is now in TIME_WAIT
  }
  EXPECT_EQ(refusal("127.0.0.1", port), "bound");
}

TEST(Listener, NamesTheHostThatIsNotOfThisMachine) {
  for (const char* host : {"192.0.2.1", "no-such-host.invalid"}) {
    const std::string text = refusal(host, 0);
    EXPECT_NE(text.find("server.host"), std::string::npos) << text;
    EXPECT_NE(text.find(host), std::string::npos) << text;
  }
}

TEST(Listener, TakesNames) {
  AUTHD_SKIP_WITHOUT_LOCALHOST();
  EXPECT_EQ(open_listeners("localhost", 0, 1).front().address().host().isLoopback(), true);
}

TEST(Listener, TakesIpv6) {
  for (const char* host : {"::1", "[::1]"}) {
    const auto listeners = open_listeners(host, 0, 2);
    EXPECT_NO_THROW(RawClient(listeners[0].address().port(), "::1"));
  }
}

} // namespace
} // namespace authd::http
