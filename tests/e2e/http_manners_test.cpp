// SPDX-License-Identifier: Apache-2.0
// Limits and manners of the front, seen from a socket. The parser's own tests go into the corners.
#include <algorithm>
#include <array>
#include <cstdio>

#include <sys/socket.h>

#include "scene.h"
#include "support/token_forge.h"

namespace authd::test {
namespace {

TEST(HttpManners, NameTheMethodsThatAPathAllows) {
  const Scene scene;
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    const HttpReply reply = fetch(scene.port(), method, "/tokens", kAlice);
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_NE(reply.header("Allow").find("GET"), std::string::npos) << reply.header("Allow");
    const auto extensions = parse_object(reply.body)->getObject("extensions");
    EXPECT_GE(extensions->getArray("allowedMethods")->size(), 1u);
  }
}

TEST(HttpManners, ArePreciseAboutPaths) {
  const Scene scene;
  for (const char* path :
       {"/nowhere", "/tokens/", "/Tokens", "/tokens/validate/", "//tokens", "/tokens%2f", "/../tokens"}) {
    const HttpReply reply = get(scene.port(), path, kAlice);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_EQ(reply.header("Content-Type"), "application/problem+json") << path;
  }
  EXPECT_EQ(get(scene.port(), "/tokens?anything=1", kAlice).status, 200);
}

TEST(HttpManners, HeadIsGetWithoutABody) {
  const Scene scene;
  HttpConnection connection(scene.port());
  connection.send(request_text("HEAD", "/tokens", kAlice));
  const auto head = connection.read(std::chrono::seconds(20), true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_GT(std::stoi(head->header("Content-Length")), 100);
  // Had a body been sent, it would stand in front of this answer.
  connection.send(request_text("GET", "/health/live"));
  EXPECT_EQ(connection.read().value_or(HttpReply()).status, 200);
}

TEST(HttpManners, OptionsIsAnsweredOnAnyPath) {
  const Scene scene;
  for (const char* path : {"/tokens", "/nowhere"}) {
    const HttpReply reply = fetch(scene.port(), "OPTIONS", path, {{"Origin", "https://app.example"}});
    EXPECT_EQ(reply.status, 204) << path;
    EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), "*");
    EXPECT_EQ(reply.header("Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
    EXPECT_NE(reply.header("Access-Control-Allow-Headers").find("X-Consumer-ID"), std::string::npos);
    EXPECT_EQ(reply.header("Access-Control-Max-Age"), "86400");
  }
}

TEST(HttpManners, EchoTheOriginThatIsOnTheList) {
  const Scene scene([](Settings& s) { s.set("api", "cors", R"(["https://a.example", "https://b.example"])"); });
  Headers headers = kAlice;
  headers.emplace_back("Origin", "https://b.example");
  const HttpReply listed = scene.tokens(headers);
  EXPECT_EQ(listed.header("Access-Control-Allow-Origin"), "https://b.example");
  EXPECT_NE(listed.header("Vary").find("Origin"), std::string::npos);
  headers.back().second = "https://evil.example";
  EXPECT_EQ(scene.tokens(headers).header("Access-Control-Allow-Origin"), "");
}

TEST(HttpManners, AnswerPipelinedRequestsInOrder) {
  Scene scene;
  const std::string slow = scene.kong.add_consumer("slow");
  scene.kong.add_credential(slow, {"slow-key", "s"});
  ASSERT_EQ(scene.tokens().status, 200); // alice is warm, slow is not
  KongFault delay;
  delay.delay = milliseconds(200);
  scene.kong.set_fault(delay);
  HttpConnection connection(scene.port());
  connection.send(request_text("GET", "/tokens", consumer_headers(slow, "slow")) +
                  request_text("GET", "/tokens", kAlice) + request_text("GET", "/nowhere") +
                  request_text("GET", "/health/live"));
  const auto first = connection.read();
  const auto second = connection.read();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(take_apart(token_of(*first)).claims->getValue<std::string>("key"), "slow-key");
  EXPECT_EQ(take_apart(token_of(*second)).claims->getValue<std::string>("key"), "alice-key");
  EXPECT_EQ(connection.read().value_or(HttpReply()).status, 404);
  EXPECT_EQ(connection.read().value_or(HttpReply()).status, 200);
}

TEST(HttpManners, TakeChunkedBodies) {
  const Scene scene;
  HttpConnection connection(scene.port());
  std::string request = request_text("GET", "/tokens", kAlice);
  request.insert(request.size() - 2, "Transfer-Encoding: chunked\r\n");
  connection.send(request + "5\r\nhello\r\n0\r\n\r\n" + request_text("GET", "/health/live"));
  EXPECT_EQ(connection.read().value_or(HttpReply()).status, 200);
  EXPECT_EQ(connection.read().value_or(HttpReply()).status, 200);
}

int status_of(const Scene& scene, const std::string& bytes) {
  HttpConnection connection(scene.port());
  connection.send(bytes);
  return connection.read().value_or(HttpReply()).status;
}

TEST(HttpManners, RefuseWhatIsTooLong) {
  const Scene scene;
  EXPECT_EQ(status_of(scene, request_text("GET", "/" + std::string(9000, 'x'))), 414);
  EXPECT_EQ(status_of(scene, request_text("GET", "/tokens", {{"X-Long", std::string(17 * 1024, 'x')}})), 431);
  Headers many;
  for (int i = 0; i < 3000; ++i) many.emplace_back("X-" + std::to_string(i), "v");
  EXPECT_EQ(status_of(scene, request_text("GET", "/tokens", many)), 431);
  EXPECT_EQ(status_of(scene, "POST /tokens HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n"), 413);
}

TEST(HttpManners, RefuseWhatTwoServersWouldReadDifferently) {
  const Scene scene;
  const std::string rest = "X-Consumer-ID: a\r\nX-Consumer-Username: a\r\n\r\n";
  for (const std::string& bytes :
       {"GET /tokens HTTP/1.1\r\n" + rest, "GET /tokens HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + rest,
        "GET /tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" + rest,
        "GET /tokens HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n" + rest,
        "GET /tokens HTTP/1.1\r\nHost: a\r\nX-Folded: a\r\n b\r\n" + rest,
        "GET /tokens HTTP/1.1\r\nHost : a\r\n" + rest, std::string("GARBAGE\r\n\r\n")}) {
    EXPECT_EQ(status_of(scene, bytes), 400) << bytes;
  }
}

TEST(HttpManners, GiveUpOnHalfARequest) {
  const Scene scene([](Settings& s) { s.set_text("server", "header_timeout", "300ms"); });
  HttpConnection connection(scene.port());
  connection.send("GET /tokens HTTP/1.1\r\nHost: h\r\nX-Consu");
  const auto reply = connection.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 408);
  EXPECT_NE(connection.await_end(std::chrono::seconds(20)), Ending::open);
}

TEST(HttpManners, CloseAConnectionThatStaysIdle) {
  const Scene scene([](Settings& s) { s.set_text("server", "idle_timeout", "300ms"); });
  HttpConnection connection(scene.port());
  connection.send(request_text("GET", "/health/live"));
  ASSERT_TRUE(connection.read());
  EXPECT_EQ(connection.await_end(std::chrono::seconds(20)), Ending::closed);
}

TEST(HttpManners, HoldNoUnboundedAnswersForAReaderThatNeverReads) {
  const Scene scene;
  ASSERT_EQ(scene.tokens().status, 200);
  const std::size_t before = scene.authd.resident_kib();
  HttpConnection glutton(scene.port());
  const int small = 4096;
  ::setsockopt(glutton.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  std::string batch;
  for (int i = 0; i < 100; ++i) batch += request_text("GET", "/tokens", kAlice);
  std::size_t sent = 0;
  // Until authd stops reading from it: the kernel's buffers fill up and take no more.
  for (int refused = 0; refused < 100 && sent < (std::size_t{256} << 20);) {
    const std::size_t n = glutton.send_some(batch);
    sent += n;
    refused = n == 0 ? refused + 1 : 0;
    // Answers on another connection: authd turns meanwhile, and gets the time to read what it wants.
    ASSERT_EQ(scene.tokens().status, 200);
  }
  EXPECT_LT(sent, std::size_t{256} << 20);
  EXPECT_LT(scene.authd.resident_kib(), before + 32 * 1024);
}

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

// What 400 connections may cost, in KiB: far less than their bodies. TSan keeps shadow bytes, four for each byte used.
#if defined(__SANITIZE_THREAD__)
constexpr std::size_t kMemoryOfConnections = 5 * 16 * 1024;
#else
constexpr std::size_t kMemoryOfConnections = 16 * 1024;
#endif

// Sends all but the last byte of each body, side by side, and asks for tokens meanwhile; returns the most
// memory seen.
std::size_t send_bodies(const Scene& scene, std::vector<HttpConnection>& clients, const std::string& head) {
  const std::string bytes = head + std::string(kMebibyte - 1, 'x');
  std::vector<std::size_t> sent(clients.size(), 0);
  std::size_t most = 0;
  for (std::size_t left = clients.size(), quiet = 0; left > 0 || quiet < 50;) {
    left = 0;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if (sent[i] < bytes.size()) sent[i] += clients[i].send_some(std::string_view(bytes).substr(sent[i], 64 * 1024));
      left += sent[i] < bytes.size() ? 1 : 0;
    }
    if (left == 0) ++quiet; // authd reads what the kernel still holds
    if (scene.tokens().status != 200) ADD_FAILURE() << "a healthy client is not served";
    most = std::max(most, scene.authd.resident_kib());
  }
  return most;
}

TEST(HttpManners, HoldNoBodyForARouteThatTakesNone) {
  constexpr int kClients = 400;
  const Scene scene([](Settings& s) { s.set_text("server", "header_timeout", "120s"); });
  ASSERT_EQ(scene.tokens().status, 200);
  const std::size_t before = scene.authd.resident_kib();
  std::size_t during = 0;
  {
    std::vector<HttpConnection> clients;
    for (int i = 0; i < kClients; ++i) clients.emplace_back(scene.port());
    during =
        send_bodies(scene, clients,
                    "POST /tokens HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kMebibyte) + "\r\n\r\n");
    for (HttpConnection& client : clients) client.send("x" + request_text("GET", "/health/live"));
    for (HttpConnection& client : clients) {
      EXPECT_EQ(client.read().value_or(HttpReply()).status, 405);
      EXPECT_EQ(client.read().value_or(HttpReply()).status, 200) << "on the same connection";
    }
  }
  const std::size_t after = scene.authd.resident_kib();
  std::printf("400 bodies of 1 MiB: %zu, %zu, %zu KiB before, during and after\n", before, during, after);
  EXPECT_LT(during, before + 2 * kMemoryOfConnections);
  EXPECT_LT(after, before + kMemoryOfConnections);
}

} // namespace
} // namespace authd::test
