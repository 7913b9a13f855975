// SPDX-License-Identifier: Apache-2.0
// The proxy does to a connection what it is told to: else the tests that lean on it prove nothing.
#include "support/tcp_proxy.h"

#include <optional>
#include <string>
#include <system_error>

#include <gtest/gtest.h>

#include "support/connection_server.h"
#include "support/http_client.h"

namespace authd::test {
namespace {

using std::chrono::seconds;

const std::string kBody(1000, '.');
const std::string kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + kBody;

class TcpProxyTest : public testing::Test {
 protected:
  static void ask(HttpConnection& connection) { connection.send(request_text("GET", "/")); }
  std::optional<HttpReply> fetch() const {
    HttpConnection connection(proxy_.port());
    ask(connection);
    return connection.read();
  }
  void expect_as_usual() const {
    const auto reply = fetch();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, kBody);
  }

  ConnectionServer server_{[](Peer& peer) {
    while (peer.read_request() && peer.send(kAnswer)) {
    }
  }};
  TcpProxy proxy_{server_.port()};
};

TEST_F(TcpProxyTest, PassesWhatItIsNotToldToSpoil) {
  HttpConnection connection(proxy_.port());
  for (int i = 0; i < 3; ++i) {
    ask(connection);
    const auto reply = connection.read();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, kBody);
  }
  EXPECT_EQ(proxy_.accepted(), 1u);
  EXPECT_EQ(proxy_.cuts() + proxy_.flips(), 0u);
}

TEST_F(TcpProxyTest, ResetsOpenConnectionsAndAcceptsNewOnes) {
  HttpConnection connection(proxy_.port());
  ask(connection);
  ASSERT_TRUE(connection.read());
  proxy_.cut();
  EXPECT_EQ(connection.await_end(seconds(20)), Ending::reset);
  EXPECT_EQ(proxy_.cuts(), 1u);
  expect_as_usual();
}

TEST_F(TcpProxyTest, CutsWithinAnAnswer) {
  for (const bool reset : {false, true}) {
    WireFault fault;
    fault.cut_after = 500;
    fault.reset = reset;
    proxy_.set_fault(fault);
    const std::size_t before = proxy_.cuts();
    EXPECT_FALSE(fetch());
    EXPECT_EQ(proxy_.cuts(), before + 1);
    HttpConnection connection(proxy_.port());
    ask(connection);
    EXPECT_EQ(connection.await_end(seconds(20)), reset ? Ending::reset : Ending::closed);
  }
  proxy_.pass();
  expect_as_usual();
}

TEST_F(TcpProxyTest, RefusesNewConnectionsAndKeepsOpenOnes) {
  HttpConnection connection(proxy_.port());
  ask(connection);
  ASSERT_TRUE(connection.read());
  WireFault fault;
  fault.refuse = true;
  proxy_.set_fault(fault);
  EXPECT_THROW(HttpConnection refused(proxy_.port()), std::system_error);
  ask(connection);
  EXPECT_TRUE(connection.read());
  proxy_.pass();
  expect_as_usual();
}

TEST_F(TcpProxyTest, HoldsEachAnswerBackForAsLongAsToldToAndNoLongerThanTheFaultLasts) {
  WireFault fault;
  fault.delay = milliseconds(200);
  proxy_.set_fault(fault);
  const auto reply = fetch();
  ASSERT_TRUE(reply);
  EXPECT_GE(reply->took, fault.delay);
  fault.delay = std::chrono::hours(1);
  proxy_.set_fault(fault);
  HttpConnection connection(proxy_.port());
  ask(connection);
  EXPECT_FALSE(connection.read(milliseconds(50)));
  proxy_.pass();
  EXPECT_TRUE(connection.read());
}

TEST_F(TcpProxyTest, GivesOutNoMoreBytesASecondThanToldTo) {
  WireFault fault;
  fault.bytes_per_second = 2 * kAnswer.size();
  proxy_.set_fault(fault);
  const auto reply = fetch();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, kBody);
  // All but the first twentieth of a second's bytes.
  EXPECT_GE(reply->took, milliseconds(400));
}

TEST_F(TcpProxyTest, FlipsTheBytesOfAnswersThatItIsToldTo) {
  WireFault fault;
  fault.flip = [](std::size_t, char byte) { return byte == '.'; };
  proxy_.set_fault(fault);
  const auto reply = fetch();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, std::string(kBody.size(), '/'));
  EXPECT_EQ(proxy_.flips(), kBody.size() + 1); // and that of HTTP/1.1
  proxy_.pass();
  expect_as_usual();
}

TEST_F(TcpProxyTest, SwallowsEverythingUntilItIsToldToPassIt) {
  WireFault fault;
  fault.black_hole = true;
  proxy_.set_fault(fault);
  HttpConnection connection(proxy_.port());
  ask(connection);
  EXPECT_FALSE(connection.read(milliseconds(50)));
  proxy_.pass();
  EXPECT_TRUE(connection.read());
}

TEST(TcpProxyWithoutAServer, ResetsWhoConnects) {
  std::uint16_t nobody = 0;
  {
    const ConnectionServer gone([](Peer&) {});
    nobody = gone.port();
  }
  const TcpProxy proxy(nobody);
  HttpConnection connection(proxy.port());
  EXPECT_EQ(connection.await_end(seconds(20)), Ending::reset);
}

} // namespace
} // namespace authd::test
