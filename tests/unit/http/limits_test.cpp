// SPDX-License-Identifier: Apache-2.0
// Limits: how a client is answered that sends too much, too little or nothing.
#include <fstream>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "http/reactor_resources.h"
#include "test_server.h"

namespace authd::http {
namespace {

using namespace std::chrono_literals;

void expect_refusal(RawClient& client, int status) {
  const Answer answer = client.receive();
  EXPECT_EQ(answer.status, status);
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(answer.has("X-Request-Id"));
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
  EXPECT_NE(answer.body.find("\"code\":\"HTTP_" + std::to_string(status)), std::string::npos) << answer.body;
  EXPECT_TRUE(client.closed_by_server());
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true; // then memory is not what the server costs
#else
constexpr bool kSanitized = false;
#endif

std::size_t resident_bytes() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(Limits, TooLargeHeadersGet431) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/hello", "X: " + std::string(17 * 1024, 'x') + "\r\n"));
  expect_refusal(client, 431);
}

TEST(Limits, HeadersUpToTheLimitPass) {
  TestServer server;
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange(get("/hello", "X: " + std::string(16 * 1024 - 100, 'x') + "\r\n")).status, 200);
}

TEST(Limits, TooLongTargetGets414) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/hello?" + std::string(9 * 1024, 'q')));
  expect_refusal(client, 414);
}

TEST(Limits, TooLargeBodyGets413BeforeItIsSent) {
  TestServer server;
  RawClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n");
  expect_refusal(client, 413);
}

TEST(Limits, AClientThatSendsATooLargeBodyAnywayReadsTheAnswer) {
  TestServer server;
  RawClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
  client.send(std::string(4'000'000, 'x'));
  expect_refusal(client, 413);
}

TEST(Limits, TooLargeChunkedBodyGets413) {
  TestServer server;
  RawClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'c') + "\r\n";
  for (int i = 0; i < 17 && client.try_send(chunk); ++i) {
  }
  expect_refusal(client, 413);
}

TEST(Limits, AnAnnouncedChunkThatIsTooLargeGets413AtOnce) {
  TestServer server;
  RawClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n");
  expect_refusal(client, 413);
}

TEST(Limits, EmptyLinesBeforeARequestAreBoundedHoweverTheyArrive) {
  TestServer server;
  RawClient client = server.connect();
  std::string lines;
  for (int i = 0; i < 500; ++i) lines += "\r\n";
  client.exchange(get("/hello"));
  for (int i = 0; i < 16; ++i) {
    client.send(lines);
    ASSERT_EQ(server.connect().exchange(get("/hello")).status, 200) << "the lines before have been read";
  }
  EXPECT_EQ(client.exchange(get("/hello")).status, 200) << "not more than 16 KiB";
  for (int i = 0; i < 24 && client.try_send(lines); ++i) server.connect().exchange(get("/hello"));
  expect_refusal(client, 431);
}

std::string post(std::string_view target, const std::string& body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

TEST(Limits, ABodyForARouteThatTakesNoneIsDiscardedAndTheConnectionKept) {
  TestServer server;
  RawClient client = server.connect();
  const std::string large(1 << 20, 'x');
  for (const auto& [target, status] : {std::pair{"/nowhere", 404}, std::pair{"/hello", 405}, std::pair{"/bare", 200}}) {
    client.send(post(target, large) + get("/hello"));
    const Answer answer = client.receive();
    EXPECT_EQ(answer.status, status);
    EXPECT_FALSE(answer.has("Connection"));
    EXPECT_EQ(client.receive().body, "hello");
  }
  EXPECT_EQ(client.exchange(post("/bare", "abc")).body, "") << "also when it came with the head";
  client.send("POST /bare HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().body, "");
}

TEST(Limits, ABodyThatIsDiscardedIsBoundedAllTheSame) {
  TestServer server;
  RawClient announced = server.connect();
  announced.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n");
  expect_refusal(announced, 413);
  RawClient chunked = server.connect();
  chunked.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n");
  expect_refusal(chunked, 413);
}

TEST(Limits, ARouteMayTakeLessThanTheLimit) {
  TestServer server;
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange(post("/note", std::string(100, 'n'))).body, std::string(100, 'n'));
  client.send(post("/note", std::string(101, 'n')));
  expect_refusal(client, 413);
}

// 60 KiB of body take 56 KiB beyond the 8 KiB that every busy connection has.
TEST(Limits, WhatAllBodiesHoldTogetherIsBounded) {
  ServerOptions options;
  options.body_limit = 64 * 1024;
  options.body_memory = 256 * 1024;
  TestServer server(options);
  const std::string body(60 * 1024, 'x');
  std::vector<RawClient> clients;
  std::vector<Ticket> tickets;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(server.connect());
    clients.back().send(post("/keep", body));
    tickets.push_back(server.tickets().take());
  }
  RawClient one_more = server.connect();
  one_more.try_send(post("/keep", body));
  const Answer refused = one_more.receive();
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("AUTH_014"), std::string::npos) << refused.body;
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_TRUE(one_more.closed_by_server());
  EXPECT_EQ(server.observed().entries().back().code, Code::overloaded);
  EXPECT_EQ(server.connect().exchange(post("/nowhere", body)).status, 404) << "holds nothing";
  EXPECT_EQ(server.connect().exchange(post("/echo", "abc")).body, "abc") << "nor does a small one";
  for (Ticket& ticket : tickets) ticket.resume([](Exchange& e) { e.respond(200, "text/plain", ""); });
  for (RawClient& client : clients) EXPECT_EQ(client.receive().status, 200);
  for (RawClient& client : clients) EXPECT_EQ(client.exchange(post("/echo", body)).body, body) << "given back";
}

TEST(Limits, ABodyOfTheLimitFitsIntoTheMemoryForAll) {
  ServerOptions options;
  options.body_limit = 4 << 20;
  options.body_memory = 0;
  TestServer server(options);
  const std::string body((4 << 20) - 100, 'x');
  EXPECT_EQ(server.connect().exchange(post("/echo", body)).body.size(), body.size());
}

TEST(Limits, AMalformedRequestGets400AndNothingBehindItIsServed) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/hello") + get("/hello", "Host: b\r\n") + get("/hello"));
  EXPECT_EQ(client.receive().status, 200);
  expect_refusal(client, 400);
  EXPECT_EQ(server.observed().entries().size(), 2U);
}

TEST(Limits, GarbageGets400WithoutAnInstance) {
  TestServer server;
  RawClient client = server.connect();
  client.send("\x16\x03\x01 no TLS here");
  const Answer answer = client.receive();
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("\"instance\":\"\""), std::string::npos);
  const auto seen = server.observed().entries();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].refused);
  EXPECT_EQ(seen[0].path, "");
  EXPECT_EQ(seen[0].message, "A TLS handshake was received; this port accepts plain HTTP only");
}

TEST(Limits, ARefusedHeadGetsNoBody) {
  TestServer server;
  RawClient client = server.connect();
  client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  EXPECT_EQ(client.receive(true).status, 400);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Limits, HalfARequestGets408) {
  ServerOptions options;
  options.header_timeout = 50ms;
  TestServer server(options);
  RawClient head = server.connect();
  head.send("GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-Id: half\r\n");
  const Answer answer = head.receive();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("X-Request-Id"), "half");
  EXPECT_TRUE(head.closed_by_server());
  RawClient body = server.connect();
  body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  expect_refusal(body, 408);
}

TEST(Limits, ADrippingRequestGets408AllTheSame) {
  ServerOptions options;
  options.header_timeout = 200ms;
  TestServer server(options);
  RawClient client = server.connect();
  const std::string endless = get("/hello", "X: " + std::string(2000, 'x') + "\r\n");
  for (std::size_t i = 0; i < endless.size() && client.silent_for(5ms); ++i) client.try_send({&endless[i], 1});
  EXPECT_EQ(client.receive().status, 408);
}

TEST(Limits, ASilentConnectionIsClosedWithoutAWord) {
  ServerOptions options;
  options.idle_timeout = 50ms;
  options.header_timeout = 50ms;
  TestServer server(options);
  RawClient fresh = server.connect();
  EXPECT_TRUE(fresh.closed_by_server());
  RawClient used = server.connect();
  used.exchange(get("/hello"));
  EXPECT_TRUE(used.closed_by_server());
  RawClient lines = server.connect();
  lines.send("\r\n\r\n");
  EXPECT_TRUE(lines.closed_by_server());
  EXPECT_TRUE(server.await_connections(0));
}

TEST(Limits, AConnectionThatNeverSentAByteIsClosedAfterHeaderTimeout) {
  ServerOptions options;
  options.header_timeout = 50ms;
  options.idle_timeout = 60s;
  TestServer server(options);
  RawClient used = server.connect();
  ASSERT_EQ(used.exchange(get("/hello")).status, 200);
  RawClient lines = server.connect();
  lines.send("\r\n\r\n\r");
  EXPECT_TRUE(server.connect().closed_by_server());
  EXPECT_TRUE(lines.closed_by_server()) << "empty lines are no request";
  EXPECT_EQ(used.exchange(get("/hello")).status, 200) << "one that has been used may be silent for longer";
}

TEST(Limits, AConnectionInUseIsNotIdle) {
  ServerOptions options;
  options.idle_timeout = 300ms;
  TestServer server(options);
  RawClient client = server.connect();
  const SteadyTime end = steady_now() + 600ms;
  while (steady_now() < end) {
    ASSERT_EQ(client.exchange(get("/hello")).status, 200);
    client.silent_for(20ms);
  }
}

bool takes_more(const RawClient& client) {
  pollfd writable{client.fd(), POLLOUT, 0};
  return ::poll(&writable, 1, 300) > 0;
}

// Sends pipelined requests until neither side takes any more; returns how many bytes went out.
std::size_t flood(RawClient& client, const std::string& request) {
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += request;
  std::size_t sent = 0;
  while (sent < (64 << 20) && takes_more(client)) {
    sent += client.send_some(std::string_view(requests).substr(sent % requests.size()));
  }
  return sent;
}

TEST(Limits, AReaderThatNeverReadsCostsBoundedMemoryAndIsClosed) {
  ServerOptions options;
  options.idle_timeout = 1500ms;
  TestServer server(options);
  const std::size_t before = resident_bytes();
  {
    RawClient client = server.connect(4096);
    const std::size_t sent = flood(client, get("/big"));
    EXPECT_GT(sent, 10'000U);
    // Every byte sent would be answered with a thousand.
    EXPECT_LT(resident_bytes(), before + (kSanitized ? 64 << 20 : 8 << 20));
    EXPECT_EQ(server.server().connections(), 1U);
    EXPECT_TRUE(server.await_connections(0)) << "closed after idle_timeout without progress";
  }
}

TEST(Limits, ASlowReaderGetsEveryAnswer) {
  TestServer server;
  RawClient client = server.connect(4096);
  constexpr int kRequests = 100;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) requests += get("/big");
  client.send(requests);
  for (int i = 0; i < kRequests; ++i) ASSERT_EQ(client.receive().body.size(), 64U * 1024) << i;
}

TEST(Limits, TooManyConnectionsGet503) {
  ServerOptions options;
  options.max_connections = 2;
  TestServer server(options);
  RawClient first = server.connect();
  RawClient second = server.connect();
  first.exchange(get("/hello"));
  second.exchange(get("/hello"));
  RawClient third = server.connect();
  third.send(get("/hello"));
  const Answer answer = third.receive();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_TRUE(third.closed_by_server());
  EXPECT_EQ(first.exchange(get("/hello")).status, 200);
  third.reset();
  first.reset();
  ASSERT_TRUE(server.await_connections(1));
  EXPECT_EQ(server.connect().exchange(get("/hello")).status, 200) << "there is room again";
}

ServerOptions two_for_each_peer() {
  ServerOptions options;
  options.max_connections_per_peer = 2;
  return options;
}

TEST(Limits, OnePeerGetsItsShareOfTheConnections) {
  TestServer server(two_for_each_peer());
  std::vector<RawClient> held;
  for (int i = 0; i < 2; ++i) held.push_back(server.connect_from("127.0.0.2"));
  for (RawClient& client : held) ASSERT_EQ(client.exchange(get("/hello")).status, 200);
  RawClient third = server.connect_from("127.0.0.2");
  third.send(get("/hello"));
  EXPECT_EQ(third.receive().status, 503);
  EXPECT_TRUE(third.closed_by_server());
  EXPECT_EQ(server.observed().entries().back().message, "Too many connections from this address");
  EXPECT_EQ(server.connect_from("127.0.0.3").exchange(get("/hello")).status, 200) << "another peer has its own";
  held.pop_back();
  third.reset();
  ASSERT_TRUE(server.await_connections(1));
  EXPECT_EQ(server.connect_from("127.0.0.2").exchange(get("/hello")).status, 200) << "there is room again";
}

TEST(Limits, APeerBeyondItsShareTakesNobodysPlace) {
  ServerOptions options = two_for_each_peer();
  options.max_connections = 3;
  options.header_timeout = options.idle_timeout = 60s;
  TestServer server(options);
  RawClient quiet = server.connect_from("127.0.0.3");
  ASSERT_EQ(quiet.exchange(get("/hello")).status, 200);
  std::vector<RawClient> held;
  for (int i = 0; i < 2; ++i) held.push_back(server.connect_from("127.0.0.2"));
  for (RawClient& client : held) ASSERT_EQ(client.exchange(get("/hello")).status, 200);
  EXPECT_TRUE(quiet.silent_for(1100ms)) << "longer than a connection must have waited to give way";
  for (int i = 0; i < 3; ++i) {
    RawClient more = server.connect_from("127.0.0.2");
    more.try_send(get("/hello"));
    EXPECT_EQ(more.receive().status, 503);
  }
  EXPECT_EQ(quiet.exchange(get("/hello")).status, 200);
}

TEST(Limits, ThoseBeyondAShareThatAreToldSoAreFew) {
  TestServer server(two_for_each_peer());
  std::vector<RawClient> all;
  for (int i = 0; i < 40; ++i) all.push_back(server.connect_from("127.0.0.2"));
  EXPECT_TRUE(server.await_connections(10)) << "two served, eight told so; the others are closed at once";
  EXPECT_TRUE(all.back().closed_by_server());
}

TEST(Limits, AGatewayThatIsKnownHasNoShare) {
  ServerOptions options = two_for_each_peer();
  options.trusted_are_gateways = true;
  options.is_trusted = [](const IpAddress& peer) { return peer == IpAddress::parse("127.0.0.2"); };
  TestServer server(options);
  std::vector<RawClient> held;
  for (int i = 0; i < 5; ++i) {
    held.push_back(server.connect_from("127.0.0.2"));
    EXPECT_EQ(held.back().exchange(get("/hello")).status, 200);
  }
  for (int i = 0; i < 2; ++i) {
    held.push_back(server.connect_from("127.0.0.3"));
    EXPECT_EQ(held.back().exchange(get("/hello")).status, 200);
  }
  RawClient third = server.connect_from("127.0.0.3");
  third.send(get("/hello"));
  EXPECT_EQ(third.receive().status, 503);
}

// Asks on new connections until one is let in.
bool gets_in(TestServer& server) {
  const SteadyTime deadline = steady_now() + 20s;
  while (steady_now() < deadline) {
    RawClient client = server.connect();
    client.try_send(get("/hello", "Connection: close\r\n"));
    try {
      if (client.receive().status == 200) return true;
    } catch (const std::exception&) { // beyond those that are told so
    }
    ::poll(nullptr, 0, 20);
  }
  return false;
}

ServerOptions for_two() {
  ServerOptions options;
  options.max_connections = 2;
  options.header_timeout = options.idle_timeout = 60s;
  return options;
}

TEST(Limits, WhoHasBeenSilentForLongestGivesWay) {
  TestServer server(for_two());
  RawClient used = server.connect();
  ASSERT_EQ(used.exchange(get("/hello")).status, 200);
  RawClient fresh = server.connect();
  ASSERT_TRUE(server.await_connections(2));
  EXPECT_TRUE(gets_in(server));
  EXPECT_TRUE(used.closed_by_server());
  EXPECT_EQ(fresh.exchange(get("/hello")).status, 200);
}

TEST(Limits, WhoNeverEndsARequestOrReadsNoAnswerGivesWay) {
  TestServer server(for_two());
  RawClient half = server.connect();
  half.send("GET /hello HTTP/1.1\r\n");
  RawClient glutton = server.connect(4096);
  flood(glutton, get("/big"));
  ASSERT_TRUE(server.await_connections(2));
  EXPECT_TRUE(gets_in(server));
  EXPECT_TRUE(half.closed_by_server());
  ASSERT_TRUE(server.await_connections(1));
  RawClient busy = server.connect();
  busy.send(get("/later"));
  server.tickets().take();
  EXPECT_TRUE(gets_in(server)) << "now the one that does not read has waited longest";
}

TEST(Limits, WhoWaitsForAnAnswerDoesNotGiveWay) {
  TestServer server(for_two());
  std::vector<RawClient> clients;
  std::vector<Ticket> tickets;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(server.connect());
    clients.back().send(get("/later"));
    tickets.push_back(server.tickets().take());
  }
  const SteadyTime end = steady_now() + kMinWait + 200ms;
  while (steady_now() < end) {
    RawClient refused = server.connect();
    refused.send(get("/hello"));
    EXPECT_EQ(refused.receive().status, 503);
    ::poll(nullptr, 0, 50);
  }
  for (Ticket& ticket : tickets) ticket.resume([](Exchange& e) { e.respond(200, "text/plain", "late"); });
  for (RawClient& client : clients) EXPECT_EQ(client.receive().body, "late");
}

TEST(Limits, AnIdleConnectionCostsLessThanFourKilobytes) {
  TestServer server;
  constexpr unsigned kConnections = 400;
  std::vector<RawClient> clients;
  clients.push_back(server.connect());
  clients.back().exchange(get("/hello"));
  const std::size_t before = resident_bytes();
  for (unsigned i = 0; i < kConnections; ++i) {
    clients.push_back(server.connect());
    clients.back().exchange(get("/hello"));
  }
  EXPECT_LT((resident_bytes() - before) / kConnections, kSanitized ? 100'000U : 4096U);
  EXPECT_EQ(server.server().connections(), kConnections + 1);
}

} // namespace
} // namespace authd::http
