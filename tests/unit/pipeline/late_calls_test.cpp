// SPDX-License-Identifier: Apache-2.0
// Calls that hang, come late, or meet something else that changed while they were under way.
#include <atomic>
#include <latch>

#include "lookup_fixture.h"

namespace authd::pipeline {
namespace {

using test::Answer;
using State = CircuitBreaker::State;

constexpr milliseconds kTimeout{100};

class LateCalls : public test::LookupFixture {
 protected:
  LateCalls() { settings.breaker_timeout = kTimeout; }
  ~LateCalls() override {
    let_go();
    finish();
  }

  void let_go() {
    if (!std::exchange(released, true)) release.count_down();
  }
  void open() {
    while (guard.state(GatewayUse::read) != State::open) {
      const auto permit = guard.acquire(GatewayUse::read, steady_now(), recorder);
      guard.record(std::get<GatewayGuard::Permit>(permit), CircuitBreaker::Outcome::failure, steady_now(), recorder);
    }
  }
  void list_hangs_for(std::string_view consumer) {
    gateway.on_list = [this, consumer = std::string(consumer)](const std::string& asked) {
      if (asked.substr(0, consumer.size()) == consumer) {
        ++hanging;
        release.wait();
      }
      return Answer{AUTHD_OK, {{"a", "listed"}}};
    };
  }
  SecretLookup::Begun begin(const std::string& consumer) {
    return lookup->begin(consumer, [](const LookupResult&) {});
  }
  // As a reactor does it: asks on_deadline until it gives an answer.
  LookupResult wait_out(const FlightPtr& flight) {
    std::optional<LookupResult> result;
    EXPECT_TRUE(await([&] {
      auto verdict = lookup->on_deadline(flight);
      if (auto* answer = std::get_if<LookupResult>(&verdict)) result = std::move(*answer);
      return result.has_value();
    }));
    return *result;
  }

  LookupSettings settings;
  std::latch release{1};
  bool released = false;
  std::atomic<int> hanging{0};
};

// Nobody waits for a refresh. Its place in a half-open breaker must not be held for as long as the gateway hangs.
TEST_F(LateCalls, OfARefreshAreFailuresThoughNobodyWaitsForThem) {
  gateway.on_probe = [] { return std::pair{AUTHD_UNAVAILABLE, false}; };
  list_hangs_for(kId);
  build_lookup({&memory}, kClock, settings);
  put_due("old");
  open();
  guard.recovered(steady_now(), recorder);
  ASSERT_EQ(signs_at_once(), "old");
  ASSERT_TRUE(await([&] { return hanging == 1; }));
  EXPECT_TRUE(await([&] { return ask("other").error().code == Code::breaker_open && guard.needs_probe(); }));
}

TEST_F(LateCalls, OfRefreshesOpenTheBreakerBeforeTheyReturn) {
  gateway.on_probe = [] { return std::pair{AUTHD_UNAVAILABLE, false}; };
  list_hangs_for("warm");
  Lanes wide(8, 64);
  build_lookup({&memory}, kClock, settings);
  lookup = std::make_unique<SecretLookup>(settings, *stack, gateway.gateway(), guard, health, wide, recorder);
  for (int i = 0; i < 8; ++i) put_local("k", seconds(-1), {}, "warm" + std::to_string(i));
  for (int i = 0; i < 8; ++i) ASSERT_EQ(signs_at_once("warm" + std::to_string(i)), "k");
  ASSERT_TRUE(await([&] { return hanging == 8; }));
  EXPECT_TRUE(await([&] {
    EXPECT_EQ(signs_at_once("warm0"), "k");
    static_cast<void>(guard.refusal(GatewayUse::read, steady_now(), recorder));
    return guard.state(GatewayUse::read) == State::open;
  }));
  let_go();
  wide.stop();
}

TEST_F(LateCalls, AreJudgedEachByItsOwnTime) {
  const auto takes = [](milliseconds time) {
    const SteadyTime end = steady_now() + time;
    while (steady_now() < end) std::this_thread::yield();
  };
  settings.breaker_timeout = milliseconds(300);
  gateway.on_list = [&](const std::string&) {
    ++hanging;
    takes(milliseconds(200));
    return Answer{};
  };
  gateway.on_create = [&](const std::string&, const test::Listed& proposed) {
    takes(milliseconds(150));
    return Answer{AUTHD_OK, {proposed}};
  };
  GatewayGuard own({50, milliseconds(60'000), milliseconds(10'000), 10, 1}, settings.breaker_timeout);
  build_lookup({&memory}, kClock, settings);
  lookup = std::make_unique<SecretLookup>(settings, *stack, gateway.gateway(), own, health, lanes, recorder);
  const auto begun = begin(std::string(kId));
  ASSERT_TRUE(await([&] { return hanging == 1; }));
  EXPECT_EQ(wait_out(begun.flight).error().code, Code::gateway_unavailable) << "the request waited long enough";
  finish();
  EXPECT_EQ(own.state(GatewayUse::read), State::closed);
  EXPECT_EQ(own.state(GatewayUse::create), State::closed);
}

TEST_F(LateCalls, DoNotReplaceWhatALaterOneBrought) {
  std::atomic<int> lists{0};
  gateway.on_list = [&](const std::string&) {
    if (lists++ > 0) return Answer{AUTHD_OK, {{"a", "new"}}};
    ++hanging;
    release.wait();
    return Answer{AUTHD_OK, {{"a", "old"}}};
  };
  build_lookup({&memory, &remote}, kClock, settings);
  const auto begun = begin(std::string(kId));
  ASSERT_TRUE(await([&] { return hanging == 1; }));
  static_cast<void>(wait_out(begun.flight));
  EXPECT_EQ(key_of(ask()), "new");
  let_go();
  lanes.gateway.stop();
  lanes.reads.stop();
  EXPECT_EQ(signs_at_once(), "new");
  EXPECT_EQ(blocking_key(), "new");
}

// The last flight of the generation before opened the breaker, whose watcher has gone with it.
TEST_F(LateCalls, ThatOpenTheBreakerOfAnotherGenerationAreWatchedByThisOne) {
  build_lookup({&memory}, kClock, settings);
  open();
  EXPECT_EQ(ask("cold").error().code, Code::breaker_open);
  EXPECT_TRUE(await([&] { return guard.state(GatewayUse::read) == State::half_open; }));
}

TEST_F(LateCalls, LeaveNobodyWaitingForAJobThatThereIsNoRoomFor) {
  list_hangs_for("h");
  settings.breaker_timeout = milliseconds(1000);
  build_lookup({&memory}, kClock, settings);
  for (int i = 0; i < 4; ++i) begin("h" + std::to_string(i));
  ASSERT_TRUE(await([&] { return hanging == 4; }));
  const auto first = begin("victim");
  ASSERT_TRUE(first.flight);
  EXPECT_EQ(wait_out(first.flight).error().code, Code::overloaded);
  // The lane sees that its jobs hang, and nobody waits for the victim's flight any more.
  ASSERT_TRUE(await([&] { return lanes.gateway.expected_wait() > 2 * settings.breaker_timeout; }));
  EXPECT_TRUE(begin("victim").result) << "no room in time";
  EXPECT_TRUE(begin("victim").result) << "joined a flight that has no job in time";
}

// What took longer than anybody waits for says nothing about how long a lookup takes.
TEST_F(LateCalls, DoNotMakeTheLaneRefuseWhatIsAskedForAfterAnOutage) {
  list_hangs_for("h");
  settings.breaker_timeout = milliseconds(500);
  build_lookup({&memory}, kClock, settings);
  for (int i = 0; i < 4; ++i) begin("h" + std::to_string(i));
  ASSERT_TRUE(await([&] { return hanging == 4; }));
  const SteadyTime late = steady_now() + settings.breaker_timeout + kTimeout;
  ASSERT_TRUE(await([&] { return steady_now() > late; }));
  let_go();
  ASSERT_TRUE(await([&] { return signs_at_once("h0") == "listed"; }));
  ASSERT_TRUE(await([&] { return lanes.gateway.expected_wait() == milliseconds(0); }));
  for (int i = 0; i < 40; ++i) {
    const auto begun = begin("next" + std::to_string(i));
    EXPECT_FALSE(begun.result) << i << " was refused: " << (*begun.result ? "no" : begun.result->error().detail);
  }
}

TEST_F(LateCalls, OfATierDoNotAnswerWhatWasAskedForAfterAnInvalidation) {
  std::latch reading{1};
  std::atomic<int> reads{0};
  remote.before = [&](const std::string& operation, const std::string&) {
    if (operation == "get_stale" && reads++ == 0) {
      reading.count_down();
      release.wait();
    }
    return AUTHD_OK;
  };
  build_lookup({&memory, &remote});
  store(remote, kId, record("old"));
  begin(std::string(kId));
  reading.wait();
  EXPECT_TRUE(lookup->forget(kId).told());
  store(remote, kId, record("old")); // it had left the tier before the deletion
  auto promise = std::make_shared<std::promise<LookupResult>>();
  const auto begun = lookup->begin(kId, [promise](const LookupResult& r) { promise->set_value(r); });
  ASSERT_FALSE(begun.result);
  let_go();
  EXPECT_EQ(key_of(promise->get_future().get()), "listed");
}

} // namespace
} // namespace authd::pipeline
