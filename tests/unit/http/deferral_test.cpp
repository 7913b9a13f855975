// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include <gtest/gtest.h>

#include "test_server.h"

namespace authd::http {
namespace {

using namespace std::chrono_literals;

Continuation answer_with(std::string text) {
  return [text = std::move(text)](Exchange& exchange) { exchange.respond(200, "text/plain", text); };
}

TEST(Deferral, IsResumedFromAnotherThread) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/later"));
  const Ticket ticket = server.tickets().take();
  std::thread([&] { ticket.resume(answer_with("now")); }).join();
  EXPECT_EQ(client.receive().body, "now");
  EXPECT_EQ(client.exchange(get("/hello")).body, "hello") << "the connection goes on";
}

TEST(Deferral, KeepsPipelinedAnswersInOrder) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/id", "X-Request-Id: 1\r\n") + get("/later") + get("/id", "X-Request-Id: 3\r\n") + get("/later") +
              get("/id", "X-Request-Id: 5\r\n"));
  EXPECT_EQ(client.receive().body, "1");
  const Ticket first = server.tickets().take();
  EXPECT_TRUE(client.silent_for(20ms)) << "the third waits for the second";
  first.resume(answer_with("2"));
  EXPECT_EQ(client.receive().body, "2");
  EXPECT_EQ(client.receive().body, "3");
  server.tickets().take().resume(answer_with("4"));
  EXPECT_EQ(client.receive().body, "4");
  EXPECT_EQ(client.receive().body, "5");
}

TEST(Deferral, KeepsTheViewsOfTheRequestValid) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/later", "X-Deep: value\r\n"));
  const Ticket ticket = server.tickets().take();
  client.send(get("/hello", "X-Noise: " + std::string(6000, 'n') + "\r\n")); // must not overwrite the first
  ticket.resume([](Exchange& e) { e.respond(200, "text/plain", e.request().header("X-Deep").value_or("lost")); });
  EXPECT_EQ(client.receive().body, "value");
  EXPECT_EQ(client.receive().body, "hello");
}

TEST(Deferral, CallsTheDeadlineWhenNobodyResumesAndHonoursAnExtension) {
  TestServer server;
  const SteadyTime begin = steady_now();
  const Answer answer = server.connect().exchange(get("/soon"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_GE(steady_now() - begin, 40ms);
}

TEST(Deferral, IsBoundByItsOwnDeadlineOnly) {
  ServerOptions options;
  options.header_timeout = 20ms;
  options.idle_timeout = 20ms;
  TestServer server(options);
  RawClient client = server.connect();
  client.send(get("/later") + "GET /half");
  EXPECT_TRUE(client.silent_for(100ms));
  server.tickets().take().resume(answer_with("late"));
  EXPECT_EQ(client.receive().body, "late");
  EXPECT_EQ(client.receive().status, 408) << "now the other half is waited for";
}

TEST(Deferral, IgnoresASecondResume) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/later"));
  const Ticket ticket = server.tickets().take();
  ticket.resume(answer_with("first"));
  ticket.resume(answer_with("second"));
  EXPECT_EQ(client.receive().body, "first");
  client.send(get("/later"));
  ticket.resume(answer_with("stale"));
  server.tickets().take().resume(answer_with("own"));
  EXPECT_EQ(client.receive().body, "own") << "a ticket is for one exchange";
}

TEST(Deferral, AnswersForAContinuationThatThrowsOrForgets) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/later"));
  server.tickets().take().resume([](Exchange&) { throw std::runtime_error("late failure"); });
  EXPECT_EQ(client.receive().status, 500);
  client.send(get("/later"));
  server.tickets().take().resume([](Exchange&) {});
  EXPECT_EQ(client.receive().status, 500);
  EXPECT_EQ(server.observed().entries().front().message, "late failure");
}

TEST(Deferral, DropsAResumeWhoseClientHasGone) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/later"));
  const Ticket ticket = server.tickets().take();
  client.reset();
  ASSERT_TRUE(server.await_connections(0));
  RawClient next = server.connect(); // takes the slot of the first
  next.send(get("/later"));
  const Ticket its_own = server.tickets().take();
  ticket.resume(answer_with("for the dead"));
  its_own.resume(answer_with("for the living"));
  EXPECT_EQ(next.receive().body, "for the living");
}

TEST(Deferral, AnswersAClientThatClosedOnlyItsSendingSide) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/later"));
  client.finish_sending();
  server.tickets().take().resume(answer_with("still there"));
  EXPECT_EQ(client.receive().body, "still there");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Deferral, TicketsOutliveTheServer) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/later"));
  const Ticket ticket = server.tickets().take();
  server.destroy_server();
  bool called = false;
  ticket.resume([&](Exchange&) { called = true; });
  EXPECT_FALSE(called);
  EXPECT_TRUE(client.closed_by_server());
}

TEST(Deferral, SurvivesResumesFromManyThreadsAtOnce) {
  ServerOptions options;
  options.reactors = 2;
  TestServer server(options);
  constexpr int kClients = 40;
  std::vector<RawClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(server.connect());
    clients.back().send(get("/later"));
  }
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&] {
      for (int i = 0; i < kClients / 4; ++i) server.tickets().take().resume(answer_with("done"));
    });
  }
  for (RawClient& client : clients) EXPECT_EQ(client.receive().body, "done");
  for (std::thread& worker : workers) worker.join();
}

} // namespace
} // namespace authd::http
