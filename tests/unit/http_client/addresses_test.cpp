// SPDX-License-Identifier: Apache-2.0
// Names with several addresses of which one is dead. It stays dead for a minute; the requester's patience
// lies far under that.
#include <atomic>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "calls.h"
#include "support/connection_server.h"
#include "support/dead_addresses.h"

namespace authd::test {
namespace {

constexpr std::chrono::seconds kDead{60};
constexpr milliseconds kPatience{5000};

// Answers the requests on all its connections.
class Answering {
 public:
  net::Address address() const { return numeric("127.0.0.1", server_.port()); }
  std::size_t accepted() const { return server_.accepted(); }

 private:
  ConnectionServer server_{[](Peer& peer) {
    while (peer.read_request())
      if (!peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")) return;
  }};
};

net::Resolver to(net::Addresses addresses) {
  return [addresses = std::move(addresses)](const net::Endpoint&) { return addresses; };
}

Ask impatient() {
  Ask ask{"http://kong.test:8001/x"};
  ask.within = kDead;
  ask.patience = kPatience;
  ask.max_attempts = 2;
  return ask;
}

// As many as ask at once in issue 9, point 7.
int answered_in_time(Caller& call, int requests) {
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < requests; ++i) {
    threads.emplace_back([&, i] {
      Ask ask = impatient();
      ask.idempotent = i % 2 == 0; // the others travel on connections of their own
      const Outcome out = call(ask);
      answered += out.http_status == 200 && out.took < kPatience;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return answered;
}

TEST(HttpAddresses, ThatAreDeadCostNoRequestItsAnswer) {
  const BlackHole hole("127.0.0.2");
  const BlackHole another("127.0.0.3");
  const Answering server;
  Caller call(to({hole.address(), another.address(), server.address()}));
  EXPECT_EQ(answered_in_time(call, 8), 8);
}

// 19 ms for each, where 250 would be seven and a half seconds.
TEST(HttpAddresses, HaveTheirTurnsWithinThePatienceOfTheRequest) {
  const BlackHole hole("127.0.0.2");
  const Answering server;
  net::Addresses many(30, hole.address());
  many.push_back(server.address());
  Ask ask = impatient();
  ask.patience = milliseconds(600);
  const Outcome out = Caller(to(many))(ask);
  EXPECT_EQ(out.http_status, 200) << out.message;
  EXPECT_LT(out.took, std::chrono::seconds(5));
}

TEST(HttpAddresses, ThatRefuseCostNoRequestItsAnswer) {
  const RefusingAddress refusing("127.0.0.2");
  const Answering server;
  Caller call(to({refusing.address(), server.address()}));
  EXPECT_EQ(answered_in_time(call, 8), 8);
}

TEST(HttpAddresses, AreAllNamedWhenNoneAnswers) {
  const RefusingAddress one("127.0.0.2");
  const RefusingAddress two("127.0.0.3");
  const Outcome out = Caller(to({one.address(), two.address()}))(impatient());
  EXPECT_EQ(out.status, AUTHD_UNAVAILABLE);
  EXPECT_EQ(out.message, "GET http://kong.test:8001/x: " + one.address().text() + ": Connection refused; " +
                             two.address().text() + ": Connection refused (2 attempts)");
}

// The first address accepts every connection, so that it wins every race.
TEST(HttpAddresses, AreLeftWhenTheyAcceptAndDoNotAnswer) {
  const std::vector<ConnectionServer::Serve> silent = {[](Peer& peer) { peer.hang(); },
                                                       [](Peer& peer) {
                                                         if (peer.read_request()) peer.reset();
                                                       },
                                                       [](Peer& peer) { peer.read_request(); }};
  for (const auto& serve : silent) {
    const ConnectionServer first(serve);
    const Answering second;
    Caller call(to({numeric("127.0.0.1", first.port()), second.address()}));
    Ask ask = impatient();
    ask.max_attempts = 1;
    ask.within = milliseconds(200);
    EXPECT_NE(call(ask).status, AUTHD_OK);
    EXPECT_EQ(call(impatient()).body, "ok");
    EXPECT_EQ(first.accepted(), 1u);
  }
}

TEST(HttpAddresses, AreLeftForTheSecondAttemptOfARequest) {
  const ConnectionServer resetting([](Peer& peer) {
    if (peer.read_request()) peer.reset();
  });
  const Answering second;
  Caller call(to({numeric("127.0.0.1", resetting.port()), second.address()}));
  EXPECT_EQ(call(impatient()).body, "ok");
}

TEST(HttpAddresses, AreLeftWhenTheyDoNotShakeHands) {
  const ConnectionServer silent([](Peer& peer) { peer.hang(); });
  const ConnectionServer plain([](Peer& peer) { peer.send("this is not TLS"); });
  Caller call(to({numeric("127.0.0.1", silent.port()), numeric("127.0.0.1", plain.port())}));
  Ask ask = impatient();
  ask.url = "https://kong.test/";
  ask.connect_timeout_ms = 200;
  EXPECT_EQ(call(ask).status, AUTHD_UNAVAILABLE); // of the second one
  EXPECT_EQ(silent.accepted(), 1u);
  EXPECT_EQ(plain.accepted(), 1u);
}

TEST(HttpAddresses, AreNotWaitedForByARequestThatIsAborted) {
  const BlackHole hole("127.0.0.2");
  std::atomic<bool> asked{false};
  Caller call([&](const net::Endpoint&) {
    asked = true;
    return net::Addresses{hole.address()};
  });
  std::thread ending([&] {
    while (!asked) std::this_thread::yield();
    call.service().abort();
  });
  const Outcome out = call(impatient());
  ending.join();
  EXPECT_EQ(out.status, AUTHD_CANCELLED) << out.message;
  EXPECT_LT(out.took, std::chrono::seconds(20));
}

TEST(HttpAddresses, AreNotWaitedForWhileTheResolverHangs) {
  std::promise<void> released;
  std::promise<void> landed;
  const std::shared_future<void> release = released.get_future().share();
  Outcome out;
  {
    Caller call([&, release](const net::Endpoint&) {
      release.wait();
      landed.set_value();
      return net::Addresses{};
    });
    Ask ask = impatient();
    ask.within = milliseconds(100);
    out = call(ask);
  }
  EXPECT_EQ(out.status, AUTHD_TIMEOUT);
  EXPECT_NE(out.message.find("name look-up"), std::string::npos) << out.message;
  EXPECT_LT(out.took, std::chrono::seconds(20));
  released.set_value();
  landed.get_future().wait();
}

} // namespace
} // namespace authd::test
