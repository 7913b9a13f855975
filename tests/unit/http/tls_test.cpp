// SPDX-License-Identifier: Apache-2.0
// HTTP over TLS: what plain HTTP is held to elsewhere, where the two could differ.
#include <thread>

#include <gtest/gtest.h>
#include <poll.h>

#include "tls_fixture.h"

namespace authd::http {
namespace {

using namespace std::chrono_literals;
using test::Authority;
using test::TlsConnection;
using test::TlsEnding;
using test::TlsOptions;
using test::TlsRefused;

class OverTls : public testing::Test {
 protected:
  void serve(ServerOptions options = {}) {
    options.tls = context_of(authority_.issue());
    server_.emplace(std::move(options));
  }
  std::uint16_t port() { return server_->server().port(); }
  TlsConnection connect(TlsOptions options = {}) {
    options.authority = authority_.pem();
    return TlsConnection(port(), options);
  }

  const Authority authority_;
  std::optional<TestServer> server_;
};

TEST_F(OverTls, ARequestIsAnsweredInEitherVersion) {
  serve();
  for (const auto& [version, name] : {std::pair{TLS1_2_VERSION, "TLSv1.2"}, {TLS1_3_VERSION, "TLSv1.3"}}) {
    TlsOptions options;
    options.newest = version;
    TlsConnection client = connect(options);
    EXPECT_EQ(client.version(), name);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(client.exchange(get("/hello")).body, "hello");
  }
}

TEST_F(OverTls, OlderVersionsAreRefused) {
  serve();
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    TlsOptions options;
    options.newest = version;
    EXPECT_THROW(connect(options), TlsRefused);
  }
}

TEST_F(OverTls, KeyExchangesThatCostTheServerMuchAreRefused) {
  serve();
  for (const char* groups : {"X25519", "P-256", "P-384", "P-521:P-384"}) {
    TlsOptions options;
    options.groups = groups;
    EXPECT_EQ(connect(options).exchange(get("/hello")).body, "hello") << groups;
  }
  for (const char* groups : {"P-521", "X448", "ffdhe2048"}) {
    TlsOptions options;
    options.groups = groups;
    EXPECT_THROW(connect(options), TlsRefused) << groups;
  }
}

TEST_F(OverTls, HttpIsChosenAmongProtocolsAndNothingElse) {
  serve();
  TlsOptions options;
  options.protocol = "http/1.1";
  EXPECT_EQ(connect(options).protocol(), "http/1.1");
  options.protocol = "h2";
  EXPECT_THROW(connect(options), TlsRefused); // RFC 7301, 3.2
  EXPECT_EQ(connect().protocol(), "");
}

TEST_F(OverTls, PipelinedRequestsAreAnsweredInOrder) {
  serve();
  TlsConnection client = connect();
  client.send(get("/target?a") + get("/big") + get("/target?b") + get("/hello"));
  EXPECT_EQ(client.read()->body, "GET /target a");
  EXPECT_EQ(client.read()->body.size(), 64U * 1024);
  EXPECT_EQ(client.read()->body, "GET /target b");
  EXPECT_EQ(client.read()->body, "hello");
}

TEST_F(OverTls, ARequestMayComeInARecordForEachByte) {
  serve();
  TlsConnection client = connect();
  const std::string request = get("/hello");
  for (const char c : request) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.read()->body, "hello");
}

// One read of ours takes one record, and the socket tells of what came only once.
TEST_F(OverTls, ManyRecordsThatCameTogetherAreAllServed) {
  serve();
  TlsConnection client = connect();
  constexpr int kRequests = 200;
  for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(client.send(get("/hello")));
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.read()->body, "hello");
}

TEST_F(OverTls, ABodyOfManyRecordsGoesBothWays) {
  serve();
  TlsConnection client = connect();
  const std::string body(900 * 1024, 'x');
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_EQ(client.read()->body, body);
}

TEST_F(OverTls, ADeferredRequestIsAnswered) {
  serve();
  TlsConnection client = connect();
  client.send(get("/later") + get("/hello"));
  server_->tickets().take().resume([](Exchange& e) { e.respond(200, "text/plain", "at last"); });
  EXPECT_EQ(client.read()->body, "at last");
  EXPECT_EQ(client.read()->body, "hello");
}

TEST_F(OverTls, AClientThatReadsLateGetsEveryByte) {
  serve();
  TlsConnection client = connect();
  constexpr int kRequests = 400; // 25 MiB: more than both sockets hold
  std::string batch;
  for (int i = 0; i < kRequests; ++i) batch += get("/big");
  client.send(batch);
  // Until the socket takes no more, nothing keeps the server from answering the next one.
  for (std::size_t before = 1, now = 0; now != before; ::poll(nullptr, 0, 50)) {
    before = now;
    now = server_->observed().entries().size();
  }
  ASSERT_LT(server_->observed().entries().size(), static_cast<std::size_t>(kRequests));
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.read()->body.size(), 64U * 1024) << i;
}

TEST_F(OverTls, AClientThatNeverReadsIsClosed) {
  ServerOptions options;
  options.idle_timeout = 300ms;
  serve(options);
  TlsOptions small;
  small.receive_buffer_bytes = 4096;
  TlsConnection client = connect(small);
  std::string batch;
  for (int i = 0; i < 200; ++i) batch += get("/big");
  client.send(batch);
  EXPECT_TRUE(server_->await_connections(0));
}

TEST_F(OverTls, TooManyHeadersAreRefusedWithAWord) {
  serve();
  TlsConnection client = connect();
  client.send(get("/hello", "X-Long: " + std::string(20 * 1024, 'x') + "\r\n"));
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 431);
  EXPECT_EQ(client.await_end(), TlsEnding::notified);
}

TEST_F(OverTls, ARequestThatDoesNotEndInTimeIsRefusedWithAWord) {
  ServerOptions options;
  options.header_timeout = 150ms;
  serve(options);
  TlsConnection client = connect();
  client.send("GET /hello HTTP/1.1\r\n");
  const auto answer = client.read();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408);
  EXPECT_EQ(client.await_end(), TlsEnding::notified);
}

TEST_F(OverTls, AnIdleConnectionIsClosedInGoodOrder) {
  ServerOptions options;
  options.idle_timeout = 200ms;
  serve(options);
  TlsConnection client = connect();
  client.exchange(get("/hello"));
  EXPECT_EQ(client.await_end(), TlsEnding::notified);
  EXPECT_TRUE(server_->await_connections(0));
}

// As a load balancer does that opens connections ahead: nobody waits for an answer on them.
TEST_F(OverTls, AConnectionThatSaysNothingDoesNotHoldUpADrain) {
  ServerOptions options;
  options.header_timeout = 60s;
  serve(options);
  RawClient silent = server_->connect();
  ASSERT_TRUE(server_->await_connections(1));
  EXPECT_TRUE(server_->server().drain(20s));
  EXPECT_TRUE(silent.closed_by_server());
}

TEST_F(OverTls, AHandshakeThatStopsIsClosedAfterHeaderTimeout) {
  ServerOptions options;
  options.header_timeout = 200ms;
  serve(options);
  RawClient silent = server_->connect();
  RawClient half = server_->connect();
  half.send(std::string_view("\x16\x03\x01\x02\x00\x01\x00", 7)); // the head of a ClientHello
  EXPECT_TRUE(silent.closed_by_server());
  EXPECT_TRUE(half.closed_by_server());
  EXPECT_TRUE(server_->await_connections(0));
}

// What arrives meanwhile winds up no timer.
TEST_F(OverTls, AHandshakeThatDripsIsClosedToo) {
  ServerOptions options;
  options.header_timeout = 200ms;
  serve(options);
  RawClient drip = server_->connect();
  drip.send(std::string_view("\x16\x03\x01\x02\x00", 5));
  const SteadyTime deadline = steady_now() + 20s;
  while (drip.try_send("x") && steady_now() < deadline) {
    pollfd p{drip.fd(), POLLIN, 0};
    if (::poll(&p, 1, 20) > 0) break;
  }
  EXPECT_TRUE(drip.closed_by_server());
  EXPECT_LT(steady_now(), deadline);
}

TEST_F(OverTls, AClientThatSpeaksPlainHttpIsClosedAndGetsNoAnswer) {
  serve();
  RawClient plain = server_->connect();
  plain.send(get("/hello"));
  EXPECT_TRUE(plain.closed_by_server());
  EXPECT_TRUE(server_->observed().entries().empty());
}

TEST_F(OverTls, AClientThatFinishesSendingStillGetsItsAnswer) {
  serve();
  for (const bool with_a_word : {true, false}) {
    TlsConnection client = connect();
    client.send(get("/later"));
    with_a_word ? client.say_goodbye() : client.cut();
    server_->tickets().take().resume([](Exchange& e) { e.respond(200, "text/plain", "late"); });
    const auto answer = client.read();
    ASSERT_TRUE(answer) << client.failure();
    EXPECT_EQ(answer->body, "late");
    EXPECT_EQ(client.await_end(), TlsEnding::notified);
  }
}

TEST_F(OverTls, RecordsThatAreNotGenuineEndTheConnection) {
  serve();
  TlsConnection client = connect();
  client.exchange(get("/hello"));
  client.wire().send(std::string_view("\x17\x03\x03\x00\x20", 5));
  client.wire().send(std::string(32, 'x'));
  EXPECT_EQ(client.await_end(), TlsEnding::failed);
  EXPECT_NE(client.failure().find("alert"), std::string::npos) << client.failure();
}

TEST_F(OverTls, RenegotiationIsRefused) {
  serve();
  TlsOptions options;
  options.newest = TLS1_2_VERSION;
  TlsConnection client = connect(options);
  client.exchange(get("/hello"));
  ASSERT_EQ(SSL_renegotiate(client.ssl()), 1);
  client.send(get("/hello"));
  EXPECT_FALSE(client.read(2s));
}

TEST_F(OverTls, BeyondMaxConnectionsAClientIsToldSo) {
  ServerOptions options;
  options.max_connections = 1;
  serve(options);
  TlsConnection first = connect();
  first.exchange(get("/hello"));
  TlsConnection second = connect();
  const auto answer = second.read();
  ASSERT_TRUE(answer) << second.failure();
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(second.await_end(), TlsEnding::notified);
  EXPECT_EQ(first.exchange(get("/hello")).status, 200);
}

TEST_F(OverTls, WhoVanishesInTheHandshakeLeavesNothingBehind) {
  serve();
  for (int i = 0; i < 20; ++i) {
    RawClient client = server_->connect();
    client.send(std::string_view("\x16\x03\x01\x02\x00\x01\x00", 7));
    if (i % 2 == 0) client.reset();
  }
  EXPECT_TRUE(server_->await_connections(0));
  EXPECT_EQ(connect().exchange(get("/hello")).body, "hello");
}

} // namespace
} // namespace authd::http
