// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <future>
#include <mutex>

#include <gtest/gtest.h>

#include "test_server.h"

namespace authd::http {
namespace {

using namespace std::chrono_literals;

TEST(Drain, ClosesIdleConnectionsAndTheListener) {
  TestServer server;
  RawClient client = server.connect();
  client.exchange(get("/hello"));
  EXPECT_TRUE(server.server().drain(20s));
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_THROW(server.connect(), std::runtime_error);
}

TEST(Drain, AnswersWhatWaitsInTheBacklog) {
  TestServer server;
  RawClient busy = server.connect();
  busy.send(get("/later"));
  const Ticket ticket = server.tickets().take();
  std::vector<RawClient> late;
  std::mutex mutex;
  mutex.lock();
  // The reactor is held in a continuation while clients connect and send.
  ticket.resume([&](Exchange& exchange) {
    const std::lock_guard held(mutex);
    exchange.respond(200, "text/plain", "done");
  });
  for (int i = 0; i < 10; ++i) {
    late.push_back(server.connect());
    late.back().send(get("/hello"));
  }
  auto drained = std::async(std::launch::async, [&] { return server.server().drain(20s); });
  mutex.unlock();
  for (RawClient& client : late) EXPECT_EQ(client.receive().body, "hello");
  EXPECT_EQ(busy.receive().body, "done");
  late.clear();
  busy.reset();
  EXPECT_TRUE(drained.get());
}

TEST(Drain, AnswersADeferredExchangeAndSaysClose) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/later"));
  const Ticket ticket = server.tickets().take();
  RawClient idle = server.connect();
  auto drained = std::async(std::launch::async, [&] { return server.server().drain(20s); });
  EXPECT_TRUE(idle.closed_by_server()) << "drain is under way";
  ticket.resume([](Exchange& e) { e.respond(200, "text/plain", "late"); });
  const Answer answer = client.receive();
  EXPECT_EQ(answer.body, "late");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
  client.reset();
  EXPECT_TRUE(drained.get());
}

TEST(Drain, GivesUpWhenTheTimeIsUp) {
  TestServer server;
  RawClient client = server.connect();
  client.send(get("/later"));
  server.tickets().take();
  EXPECT_FALSE(server.server().drain(50ms));
}

struct Tally {
  std::atomic<int> sent{0};
  std::atomic<int> answered{0};
  std::atomic<int> told_to_close{0};
};

// Sends one request after the other until an answer says that it was the last.
void ask_until_told_to_close(RawClient client, Tally& tally) {
  while (client.try_send(get("/hello"))) {
    ++tally.sent;
    const Answer answer = client.receive();
    ++tally.answered;
    if (answer.header("Connection") != "close") continue;
    ++tally.told_to_close;
    return;
  }
}

TEST(Drain, UnderLoadLosesNoRequest) {
  constexpr int kClients = 16;
  ServerOptions options;
  options.reactors = 2;
  TestServer server(options);
  Tally tally;
  std::vector<std::future<void>> clients;
  for (int i = 0; i < kClients; ++i) {
    // Connected here: a thread that starts late would find nobody who listens any more.
    clients.push_back(std::async(std::launch::async, [&tally, client = server.connect()]() mutable {
      ask_until_told_to_close(std::move(client), tally);
    }));
  }
  while (tally.answered < 500) ASSERT_EQ(server.connect().exchange(get("/hello")).status, 200);
  EXPECT_TRUE(server.server().drain(20s));
  for (auto& client : clients) client.get();
  EXPECT_EQ(tally.sent, tally.answered);
  EXPECT_EQ(tally.told_to_close, kClients);
}

} // namespace
} // namespace authd::http
