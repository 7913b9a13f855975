// SPDX-License-Identifier: Apache-2.0
// What a client sees of the common rules: token-service.md, "Common to every answer".
#include <ctime>

#include <gtest/gtest.h>

#include "base/random.h"
#include "test_server.h"

namespace authd::http {
namespace {

bool is_uuid_v4(const std::string& text) { return is_uuid(text) && text[14] == '4'; }

TEST(Server, AnswersOnAKeptConnectionAgainAndAgain) {
  TestServer server;
  RawClient client = server.connect();
  for (int i = 0; i < 3; ++i) {
    const Answer answer = client.exchange(get("/hello"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.header("Content-Length"), "5");
    EXPECT_EQ(answer.header("Content-Type"), "text/plain");
    EXPECT_FALSE(answer.has("Connection"));
  }
  EXPECT_EQ(server.server().connections(), 1U);
}

TEST(Server, DatesItsAnswers) {
  TestServer server;
  const std::string date = server.connect().exchange(get("/hello")).header("Date");
  std::tm read{};
  const char* end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &read);
  ASSERT_TRUE(end != nullptr && *end == '\0') << date;
  EXPECT_NEAR(static_cast<double>(::timegm(&read)), static_cast<double>(std::time(nullptr)), 30);
}

TEST(Server, KeepsAGoodRequestIdAndMakesOneElse) {
  TestServer server;
  RawClient client = server.connect();
  const auto id_for = [&](const std::string& lines) {
    const Answer answer = client.exchange(get("/id", lines));
    EXPECT_EQ(answer.body, answer.header("X-Request-Id")) << "handlers see the same id";
    return answer.body;
  };
  EXPECT_EQ(id_for("x-request-id: a!~\r\n"), "a!~");
  EXPECT_EQ(id_for("X-Request-Id: " + std::string(128, 'i') + "\r\n"), std::string(128, 'i'));
  EXPECT_TRUE(is_uuid_v4(id_for("X-Request-Id: " + std::string(129, 'i') + "\r\n")));
  EXPECT_TRUE(is_uuid_v4(id_for("X-Request-Id: two words\r\n")));
  EXPECT_TRUE(is_uuid_v4(id_for("X-Request-Id: \xc3\xa9\r\n")));
  EXPECT_TRUE(is_uuid_v4(id_for("X-Request-Id:\r\n")));
  EXPECT_TRUE(is_uuid_v4(id_for("")));
  EXPECT_NE(id_for(""), id_for(""));
}

TEST(Server, AllowsEveryOriginByDefaultAndSaysForHowLongOnlyToAPreflight) {
  TestServer server;
  RawClient client = server.connect();
  const Answer simple = client.exchange(get("/hello", "Origin: https://x.test\r\n"));
  EXPECT_EQ(simple.header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(simple.header("Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
  EXPECT_EQ(simple.header("Access-Control-Allow-Headers"),
            "Content-Type, Authorization, X-Consumer-ID, X-Consumer-Username, X-Anonymous-Consumer, X-Request-Id");
  EXPECT_FALSE(simple.has("Access-Control-Max-Age"));
  EXPECT_FALSE(simple.has("Vary"));
  client.send("OPTIONS /anything HTTP/1.1\r\nHost: a\r\nOrigin: https://x.test\r\n\r\n");
  const Answer preflight = client.receive();
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("Access-Control-Max-Age"), "86400");
  EXPECT_FALSE(preflight.has("Content-Length"));
}

TEST(Server, EchoesOneOfSeveralOrigins) {
  ServerOptions options;
  options.cors = {"https://a.test", "https://b.test"};
  options.cors_credentials = true;
  TestServer server(options);
  RawClient client = server.connect();
  const Answer known = client.exchange(get("/hello", "Origin: https://b.test\r\n"));
  EXPECT_EQ(known.header("Access-Control-Allow-Origin"), "https://b.test");
  EXPECT_EQ(known.header("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(known.header("Vary"), "Origin");
  const Answer stranger = client.exchange(get("/hello", "Origin: https://b.test.evil\r\n"));
  EXPECT_FALSE(stranger.has("Access-Control-Allow-Origin"));
  EXPECT_FALSE(stranger.has("Access-Control-Allow-Credentials"));
  EXPECT_EQ(stranger.header("Vary"), "Origin");
}

TEST(Server, SendsASingleOriginAsItIs) {
  ServerOptions options;
  options.cors = {"https://a.test"};
  TestServer server(options);
  const Answer answer = server.connect().exchange(get("/hello", "Origin: https://b.test\r\n"));
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://a.test");
}

TEST(Server, AnswersHeadLikeGetWithoutTheBody) {
  TestServer server;
  RawClient client = server.connect();
  client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello"));
  const Answer head = client.receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "5");
  EXPECT_EQ(client.receive().body, "hello") << "a body behind the HEAD would stand here";
}

TEST(Server, RefusesAnUnknownPathAndAWrongMethod) {
  TestServer server;
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange(get("/hello/")).status, 404);
  EXPECT_EQ(client.exchange(get("/Hello")).status, 404);
  client.send("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\nPROPFIND /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  const Answer wrong = client.receive();
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_NE(wrong.body.find(R"("extensions":{"allowedMethods":["GET","HEAD","OPTIONS"]})"), std::string::npos);
  EXPECT_EQ(client.receive().header("Allow"), "OPTIONS, POST");
}

TEST(Server, ServesHttp10AndClosesUnlessAskedToKeep) {
  TestServer server;
  RawClient kept = server.connect();
  EXPECT_EQ(kept.exchange("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"), "keep-alive");
  const Answer last = kept.exchange("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_EQ(last.body, "hello");
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_TRUE(kept.closed_by_server());
}

TEST(Server, ClosesWhenTheClientSaysSo) {
  TestServer server;
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange(get("/hello", "Connection: close\r\n")).header("Connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Server, AnswersAClientThatHasFinishedSending) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/hello") + get("/id"));
  client.finish_sending();
  EXPECT_EQ(client.receive().body, "hello");
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Server, GivesTheBodyToTheHandler) {
  TestServer server;
  RawClient client = server.connect();
  const std::string large(300'000, 'z');
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + large);
  EXPECT_EQ(client.receive().body, large);
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
              "chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.receive().body, "abcde");
}

TEST(Server, AsksForABodyThatWaits) {
  TestServer server;
  RawClient client = server.connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  const Answer answer = client.exchange("abc");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "abc");
}

TEST(Server, TakesARequestByteByByte) {
  TestServer server;
  RawClient client = server.connect();
  for (const char byte : get("/hello")) client.send({&byte, 1});
  EXPECT_EQ(client.receive().body, "hello");
}

TEST(Server, TellsWhetherThePeerIsTrusted) {
  ServerOptions options;
  options.is_trusted = [](const IpAddress& peer) { return peer.text().view() != "127.0.0.1"; };
  TestServer server(options);
  EXPECT_EQ(server.connect().exchange(get("/peer")).body, "stranger");
  TestServer open;
  EXPECT_EQ(open.connect().exchange(get("/peer")).body, "trusted");
}

TEST(Server, MakesWhatAHandlerThrowsAnInternalErrorAndTellsTheObserver) {
  TestServer server;
  RawClient client = server.connect();
  const Answer answer = client.exchange(get("/throw"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_NE(answer.body.find("\"code\":\"AUTH_008\""), std::string::npos);
  EXPECT_EQ(answer.body.find("thrown on purpose"), std::string::npos) << "not for the client";
  EXPECT_EQ(client.exchange(get("/hello")).status, 200) << "the connection goes on";
  const auto seen = server.observed().entries().front();
  EXPECT_TRUE(seen.faulted);
  EXPECT_EQ(seen.message, "thrown on purpose");
  EXPECT_EQ(seen.code, Code::unforeseen);
}

TEST(Server, AnswersForAHandlerThatForgets) {
  TestServer server;
  RawClient client = server.connect();
  EXPECT_EQ(client.exchange(get("/forget")).status, 500);
  EXPECT_EQ(server.observed().entries().front().message, "the endpoint neither answered nor deferred");
}

TEST(Server, SendsOnlyTheFirstOfTwoAnswers) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/twice") + get("/hello"));
  EXPECT_EQ(client.receive().body, "first");
  EXPECT_EQ(client.receive().body, "hello");
  const auto seen = server.observed().entries();
  ASSERT_EQ(seen.size(), 2U) << "one outcome for each request";
  EXPECT_EQ(seen[0].path, "/twice");
  EXPECT_EQ(seen[0].fault, "the endpoint answered twice");
  EXPECT_EQ(seen[1].fault, "");
}

TEST(Server, TellsTheObserverOfEveryAnswer) {
  TestServer server;
  RawClient client = server.connect();
  client.exchange(get("/refused"));
  client.exchange(get("/hello"));
  client.exchange(get("/nowhere", "Host: again\r\n"));
  const auto seen = server.observed().entries();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].status, 503);
  EXPECT_EQ(seen[0].code, Code::breaker_open);
  EXPECT_EQ(seen[0].message, "open");
  EXPECT_EQ(seen[0].peer, "127.0.0.1");
  EXPECT_FALSE(seen[0].refused);
  EXPECT_EQ(seen[1].path, "/hello");
  EXPECT_EQ(seen[1].body_bytes, 5U);
  EXPECT_EQ(seen[1].code, std::nullopt);
  EXPECT_EQ(seen[2].status, 400) << "two Hosts";
  EXPECT_EQ(seen[2].path, "/nowhere");
  EXPECT_TRUE(seen[2].refused);
}

TEST(Server, ServesManyConnectionsOnSeveralReactors) {
  ServerOptions options;
  options.reactors = 3;
  TestServer server(options);
  EXPECT_EQ(server.server().reactors(), 3U);
  std::vector<RawClient> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(server.connect());
  for (RawClient& client : clients) client.send(get("/hello"));
  for (RawClient& client : clients) EXPECT_EQ(client.receive().body, "hello");
}

} // namespace
} // namespace authd::http
