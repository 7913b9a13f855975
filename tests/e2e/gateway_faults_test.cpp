// SPDX-License-Identifier: Apache-2.0
// What a client sees while Kong fails, hangs or trickles, and how the breaker behaves.
#include <atomic>
#include <thread>

#include "scene.h"

namespace authd::test {
namespace {

using Kind = KongFault::Kind;

// Far under what a fault would cost that held a request for as long as it lasts, far over what a busy
// machine adds to breaker.timeout.
constexpr milliseconds kFarUnderTheFault{5000};

class Faults : public testing::TestWithParam<Kind> {
 protected:
  Faults() : scene_([](Settings& s) { s.set("lookup", "refresh_ahead", "0.0"); }) {}
  Scene scene_;
};

INSTANTIATE_TEST_SUITE_P(OfKong, Faults,
                         testing::Values(Kind::error_500, Kind::html_502, Kind::hang, Kind::reset, Kind::drip,
                                         Kind::garbage, Kind::truncate, Kind::unauthorized_401,
                                         Kind::rate_limited_429));

TEST_P(Faults, AreHiddenByTheStaleCopyOnTheFirstRequest) {
  ASSERT_EQ(scene_.tokens().status, 200);
  scene_.kong.set_fault({GetParam()});
  // Among these is the first request after the TTL; every one must be answered with a token.
  scene_.outlive_ttl();
  EXPECT_EQ(scene_.tokens().status, 200);
}

TEST_P(Faults, AreA503WithRetryAfterWhenThereIsNoCopy) {
  scene_.kong.set_fault({GetParam()});
  const HttpReply reply = scene_.tokens();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(code_of(reply), "AUTH_004");
  EXPECT_GE(std::stoi("0" + reply.header("Retry-After")), 1);
  EXPECT_LT(reply.took, kFarUnderTheFault);
}

TEST_P(Faults, AreForgottenWhenTheyAreOver) {
  scene_.kong.set_fault({GetParam()});
  EXPECT_EQ(scene_.tokens().status, 503);
  scene_.kong.clear_faults();
  // At once, but for the pause of a second that a 429 begins.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (scene_.tokens().status != 200) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST(GatewayFaults, AreLoggedWithoutAStatusThatNobodyAnswered) {
  Scene scene([](Settings& s) { s.set("lookup", "refresh_ahead", "0.0"); });
  scene.kong.set_fault({Kind::reset});
  EXPECT_EQ(code_of(scene.tokens()), "AUTH_004");
  ASSERT_TRUE(scene.authd.await_event("gateway-call", std::chrono::seconds(20)));
  const LogLine line = scene.authd.events("gateway-call").front();
  EXPECT_EQ(line.field("authd.gateway.result"), "unavailable") << line.text;
  EXPECT_EQ(line.field("http.response.status_code"), "") << line.text;
}

TEST(GatewayFaults, AreAnsweredAtTheBreakersTimeoutHoweverSlowlyKongDrips) {
  Scene scene([](Settings& s) { s.set("lookup", "refresh_ahead", "0.0"); });
  const std::string id = scene.kong.add_consumer("bob");
  scene.kong.add_credential(id, {"bob-key", std::string(600, 's')}); // 600 bytes * 50 ms: over 30 s
  for (const auto kind : {Kind::drip, Kind::hang}) {
    scene.kong.set_fault({kind});
    const HttpReply reply = scene.tokens(consumer_headers(id, "bob"));
    EXPECT_EQ(code_of(reply), "AUTH_004");
    EXPECT_GE(reply.took.count(), 490);
    EXPECT_LT(reply.took, kFarUnderTheFault);
    const char* name = kind == Kind::drip ? "drip_ms" : "hang_ms";
    testing::Test::RecordProperty(name, static_cast<int>(reply.took.count()));
    std::printf("answered after %d ms (%s), breaker.timeout is 500 ms\n", static_cast<int>(reply.took.count()), name);
  }
}

TEST(GatewayFaults, AreA503WhenNobodyListens) {
  std::uint16_t closed_port = 0;
  {
    const FakeKong gone;
    closed_port = gone.port();
  }
  Settings settings("http://127.0.0.1:" + std::to_string(closed_port));
  AuthdProcess authd(settings);
  authd.await_ready();
  const HttpReply reply = get(authd.port(), "/tokens", kAlice);
  EXPECT_EQ(code_of(reply), "AUTH_004");
  EXPECT_FALSE(reply.header("Retry-After").empty());
}

TEST(GatewayFaults, OfADownDatabaseAreNoUnknownConsumers) {
  Scene scene;
  scene.kong.set_database_reachable(false);
  EXPECT_EQ(code_of(scene.tokens(consumer_headers(kNobodyId, "nobody"))), "AUTH_004");
  scene.kong.set_database_reachable(true);
  EXPECT_EQ(code_of(scene.tokens(consumer_headers(kNobodyId, "nobody"))), "AUTH_002");
}

TEST(GatewayFaults, OfOneReusedConnectionAreNotSeenAtAll) {
  Scene scene;
  ASSERT_EQ(scene.tokens().status, 200); // leaves a kept-alive connection behind
  const std::string id = scene.kong.add_consumer("bob");
  scene.kong.add_credential(id, {"bob-key", "s"});
  scene.kong.set_fault({Kind::reset_reused});
  EXPECT_EQ(scene.tokens(consumer_headers(id, "bob")).status, 200);
  EXPECT_EQ(scene.kong.traffic()[KongOperation::list], 3u); // alice's, bob's twice
}

TEST(GatewayFaults, LeaveALateAnswerToFillTheCache) {
  Scene scene([](Settings& s) { s.set_text("cache", "ttl", "5m"); });
  KongFault slow;
  slow.delay = milliseconds(1200);
  scene.kong.set_fault(slow);
  HttpConnection first(scene.port());
  first.send(request_text("GET", "/tokens", kAlice));
  ASSERT_TRUE(scene.kong.await(KongOperation::list, 1, std::chrono::seconds(20)));
  // From here on Kong answers nobody: a token can only come from the first answer, which is under way.
  scene.kong.set_fault({Kind::hang});
  const auto refused = first.read();
  ASSERT_TRUE(refused);
  EXPECT_EQ(code_of(*refused), "AUTH_004");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (scene.tokens().status != 200) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the late answer was thrown away";
  }
}

// Fails lookups of consumers without a copy until the breaker says that it is open.
void open_breaker(Scene& scene, Kind kind) {
  scene.kong.set_fault({kind});
  for (int i = 0; i < 50; ++i) {
    if (code_of(scene.tokens(stranger(i))) == "AUTH_005") return;
  }
  FAIL() << "the breaker never opened";
}

bool moved(const Scene& scene, const std::string& from, const std::string& to) {
  return scene.authd
      .await_event("breaker-moved", std::chrono::seconds(20),
                   [&](const LogLine& line) {
                     return line.field("authd.breaker.from") == from && line.field("authd.breaker.to") == to;
                   })
      .has_value();
}

TEST(Breaker, OpensHalfOpensWithOneProbeAndClosesEachStepInTheLog) {
  Scene scene([](Settings& s) { s.set("lookup", "refresh_ahead", "0.0"); });
  open_breaker(scene, Kind::error_500);
  EXPECT_TRUE(moved(scene, "closed", "open"));
  const HttpReply refused = scene.tokens(stranger(100));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(code_of(refused), "AUTH_005");
  EXPECT_GE(std::stoi("0" + refused.header("Retry-After")), 1);

  // After reset_timeout one request, and one only, may try. It hangs, so that others would show.
  scene.kong.set_fault({Kind::hang});
  scene.kong.forget_traffic();
  std::atomic<int> next{1000};
  std::atomic<bool> stop{false};
  std::vector<std::thread> clients;
  for (int t = 0; t < 8; ++t) {
    clients.push_back(checked_thread([&] {
      while (!stop) scene.tokens(stranger(next++));
    }));
  }
  const bool probe_failed = moved(scene, "half-open", "open");
  const std::size_t probes = scene.kong.traffic()[KongOperation::list];
  scene.kong.clear_faults();
  const bool closed = moved(scene, "half-open", "closed");
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(moved(scene, "open", "half-open"));
  EXPECT_TRUE(probe_failed);
  EXPECT_EQ(probes, 1u);
  EXPECT_TRUE(closed) << scene.authd.child().everything();
  EXPECT_EQ(scene.tokens().status, 200);
}

TEST(Breaker, LeavesKongAloneWhileItIsOpenAndKongIsNotBack) {
  Scene scene([](Settings& s) { s.set_text("breaker", "reset_timeout", "60s"); });
  open_breaker(scene, Kind::error_500);
  scene.kong.forget_traffic();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(code_of(scene.tokens(stranger(200 + i))), "AUTH_005");
  EXPECT_EQ(scene.kong.traffic()[KongOperation::list], 0u);
}

TEST(Breaker, ServesStaleCopiesWhileItIsOpen) {
  Scene scene([](Settings& s) {
    s.set("lookup", "refresh_ahead", "0.0");
    s.set_text("breaker", "reset_timeout", "60s");
  });
  ASSERT_EQ(scene.tokens().status, 200);
  open_breaker(scene, Kind::error_500);
  // Kong is not asked and so cannot tell when the TTL of 1 s has passed: well beyond it.
  const auto deadline = std::chrono::steady_clock::now() + milliseconds(1500);
  while (std::chrono::steady_clock::now() < deadline) ASSERT_EQ(scene.tokens().status, 200);
}

TEST(Overload, IsAnsweredAtOnceAndNotByWaiting) {
  Scene scene([](Settings& s) { s.set("gateway", "pool_size", "1"); });
  scene.kong.set_fault({Kind::hang});
  std::vector<HttpConnection> connections;
  constexpr int kMany = 3000;
  for (int i = 0; i < kMany; ++i) {
    connections.emplace_back(scene.port());
    connections.back().send(request_text("GET", "/tokens", stranger(i)));
  }
  std::map<std::string, int> codes;
  for (HttpConnection& connection : connections) {
    const auto reply = connection.read(std::chrono::seconds(60));
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 503);
    EXPECT_FALSE(reply->header("Retry-After").empty());
    ++codes[code_of(*reply)];
  }
  EXPECT_GE(codes["AUTH_004"], 1);
  EXPECT_GE(codes["AUTH_014"], 1);
  EXPECT_EQ(codes["AUTH_004"] + codes["AUTH_005"] + codes["AUTH_014"], kMany);
}

} // namespace
} // namespace authd::test
