// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "tls_fixture.h"

namespace authd::http {
namespace {

using namespace std::chrono_literals;
using test::TlsConnection;
using test::TlsEnding;

TEST(TlsDrain, ClosesIdleConnectionsInGoodOrder) {
  TestServer server(over_tls(test::Authority().issue()));
  TlsConnection client(server.server().port());
  client.exchange(get("/hello"));
  EXPECT_TRUE(server.server().drain(20s));
  EXPECT_EQ(client.await_end(), TlsEnding::notified);
}

struct Tally {
  std::atomic<int> sent{0};
  std::atomic<int> answered{0};
  std::atomic<int> in_good_order{0};
};

// Sends one request after the other until an answer says that it was the last.
void ask_until_told_to_close(TlsConnection client, Tally& tally) {
  while (client.send(get("/hello"))) {
    ++tally.sent;
    const auto answer = client.read();
    if (!answer) return;
    ++tally.answered;
    if (answer->header("Connection") != "close") continue;
    if (client.await_end() == TlsEnding::notified) ++tally.in_good_order;
    return;
  }
}

TEST(TlsDrain, UnderLoadLosesNoRequest) {
  constexpr int kClients = 16;
  ServerOptions options;
  options.reactors = 2;
  TestServer server(over_tls(test::Authority().issue(), options));
  Tally tally;
  std::vector<std::future<void>> clients;
  for (int i = 0; i < kClients; ++i) {
    // Connected here: a thread that starts late would find nobody who listens any more.
    clients.push_back(
        std::async(std::launch::async, [&tally, client = TlsConnection(server.server().port())]() mutable {
          ask_until_told_to_close(std::move(client), tally);
        }));
  }
  TlsConnection witness(server.server().port());
  while (tally.answered < 500) ASSERT_EQ(witness.exchange(get("/hello")).status, 200);
  EXPECT_TRUE(server.server().drain(20s));
  for (auto& client : clients) client.get();
  EXPECT_EQ(tally.sent, tally.answered);
  EXPECT_EQ(tally.in_good_order, kClients);
}

} // namespace
} // namespace authd::http
