// SPDX-License-Identifier: Apache-2.0
#include "pipeline/secret_lookup.h"

#include <atomic>
#include <future>
#include <latch>

#include <gtest/gtest.h>

#include "scripted_gateway.h"
#include "scripted_tier.h"

namespace authd::pipeline {
namespace {

using test::Answer;
using State = CircuitBreaker::State;

constexpr std::string_view kId = "519183b0-74b7-5b1b-ac5e-4f5beed3e547";
constexpr seconds kLongEnough{20}; // a bound for waits that end in milliseconds

Log::Options quiet() {
  Log::Options options;
  options.level = Level::error;
  return options;
}

// The lookup over the real memory tier, with a gateway that does what the test says.
class SecretLookupTest : public testing::Test {
 protected:
  SecretLookupTest() : log(quiet()), loader(plugin::TrustPolicy{false, false}, {}, log) {
    gateway.on_list = [](const std::string&) { return Answer{AUTHD_OK, {{"a", "k"}}}; };
  }
  ~SecretLookupTest() override { lanes.stop(); }

  void build(milliseconds ttl, LookupSettings settings = {}, double refresh_ahead = 0.2) {
    config::PluginUse use;
    use.plugin = "cache-memory";
    use.name = "cache-memory";
    config::PluginValue entries;
    entries.type = config::PluginValue::Type::integer;
    entries.integer = 1000;
    use.settings.values.emplace("/max_entries", entries);
    auto instance = loader.load(use, TEST_PLUGIN_DIR, "", AUTHD_CACHE_V1);
    if (!instance) throw std::runtime_error(instance.error().line);
    std::vector<TierSlot> tiers;
    tiers.push_back({plugin::CacheTier(*instance), ttl, std::chrono::minutes(30), milliseconds(50)});
    stack =
        std::make_unique<TierStack>(std::move(tiers), FreshnessClock(refresh_ahead, seconds(2)), Sealer({}), recorder);
    lookup = std::make_unique<SecretLookup>(settings, *stack, gateway.gateway(), guard, health, lanes, recorder);
  }

  LookupResult ask(std::string_view consumer = kId) {
    auto promise = std::make_shared<std::promise<LookupResult>>();
    auto begun = lookup->begin(consumer, [promise](const LookupResult& r) { promise->set_value(r); });
    if (begun.result) return *begun.result;
    auto future = promise->get_future();
    if (future.wait_for(kLongEnough) != std::future_status::ready) throw std::runtime_error("no answer");
    return future.get();
  }

  void fill_and_expire() { // with a TTL of 1 ms
    ASSERT_TRUE(ask());
    std::string record;
    const SteadyTime give_up = steady_now() + kLongEnough;
    // Not through the lookup, which would refresh the copy in its last moments.
    while (rule(stack->get_local(kId, record)).signs) ASSERT_LT(steady_now(), give_up);
  }

  test::ScriptedGateway gateway;
  test::CountingRecorder recorder;
  Log log;
  plugin::Loader loader;
  State breaker() const { return guard.state(GatewayUse::read); }

  GatewayGuard guard{{50, milliseconds(60'000), milliseconds(10'000), 10, 5}, milliseconds(500)};
  GatewayHealth health{gateway.gateway(), guard, seconds(1), recorder};
  Lanes lanes{4, 64};
  std::unique_ptr<TierStack> stack;
  std::unique_ptr<SecretLookup> lookup;
};

TEST_F(SecretLookupTest, AsksTheGatewayOnceAndThenTheCache) {
  build(milliseconds(60'000));
  const auto first = ask();
  ASSERT_TRUE(first);
  EXPECT_FALSE((*first)->stale);
  std::string record;
  ASSERT_TRUE(lookup->cached(kId, record));
  EXPECT_EQ(record, (*first)->record);
  EXPECT_EQ(recorder.calls("list"), 1);
}

TEST_F(SecretLookupTest, LetsFiftyFirstRequestsShareOneCall) {
  build(milliseconds(60'000));
  std::promise<void> release;
  const auto released = release.get_future().share();
  gateway.on_list = [released](const std::string&) {
    released.wait();
    return Answer{AUTHD_OK, {{"a", "k"}}};
  };
  std::atomic<int> answered{0};
  std::latch all(50);
  for (int i = 0; i < 50; ++i) {
    const auto begun = lookup->begin(kId, [&](const LookupResult& r) {
      answered += r.has_value();
      all.count_down();
    });
    ASSERT_FALSE(begun.result);
  }
  release.set_value();
  all.wait();
  lanes.stop();
  EXPECT_EQ(answered, 50);
  EXPECT_EQ(recorder.calls("list"), 1);
}

TEST_F(SecretLookupTest, ListensLongerThanTheRequestWaitsButLetsNothingBeginThen) {
  LookupSettings settings;
  settings.breaker_timeout = milliseconds(10'000);
  build(milliseconds(60'000), settings);
  std::int64_t patience_ms = 0;
  std::int64_t remaining_ms = 0;
  gateway.on_call = [&](const Call& call) {
    patience_ms = call.patience_ms();
    remaining_ms = call.remaining_ms();
  };
  ASSERT_TRUE(ask());
  EXPECT_GT(patience_ms, 0);
  EXPECT_LE(patience_ms, 10'000);
  EXPECT_GT(remaining_ms, 10'000);
}

TEST_F(SecretLookupTest, RemembersAnUnknownConsumer) {
  build(milliseconds(60'000));
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_NOT_FOUND, {}}; };
  for (int i = 0; i < 3; ++i) {
    const auto result = ask("nobody");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::unknown_consumer);
  }
  EXPECT_EQ(recorder.calls("list"), 1);
}

TEST_F(SecretLookupTest, ServesStaleOnTheFirstFailure) {
  build(milliseconds(1));
  fill_and_expire();
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_UNAVAILABLE, {}}; };
  const auto result = ask();
  ASSERT_TRUE(result);
  EXPECT_TRUE((*result)->stale);
  EXPECT_EQ((*result)->why_stale.rfind("AUTH_004: list: unavailable", 0), 0u) << (*result)->why_stale;
  EXPECT_EQ(breaker(), State::closed);
}

TEST_F(SecretLookupTest, RefusesWithRetryAfterWhenThereIsNoStaleCopy) {
  build(milliseconds(60'000));
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_UNAVAILABLE, {}}; };
  const auto result = ask();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::gateway_unavailable);
  EXPECT_GE(result.error().retry_after, seconds(1));
  EXPECT_EQ(result.error().reason.rfind("list: unavailable", 0), 0u) << result.error().reason;
}

TEST_F(SecretLookupTest, SaysWhatAFlightHasSpentItsTimeOnWhileItLastsAndAfterwards) {
  build(milliseconds(60'000));
  std::promise<void> called, release, done;
  gateway.on_list = [&](const std::string&) {
    called.set_value();
    release.get_future().wait();
    return Answer{AUTHD_OK, {{"a", "k"}}};
  };
  const auto begun = lookup->begin(kId, [&](const LookupResult&) { done.set_value(); });
  ASSERT_FALSE(begun.result);
  called.get_future().wait();
  const TimedSteps meanwhile = begun.flight->steps.so_far();
  EXPECT_TRUE(meanwhile.is_running());
  ASSERT_EQ(meanwhile.all().size(), 2u);
  EXPECT_EQ(meanwhile.all()[0].name, "queue");
  EXPECT_EQ(meanwhile.all()[0].result, "ok");
  EXPECT_EQ(meanwhile.last()->name, "list");
  release.set_value();
  done.get_future().wait();
  EXPECT_EQ(begun.flight->steps.so_far().last()->result, "ok");
}

TEST_F(SecretLookupTest, ServesStaleWhenBreakerIsOpen) {
  gateway.on_probe = [] { return std::pair{AUTHD_UNAVAILABLE, false}; };
  build(milliseconds(1));
  fill_and_expire();
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_UNAVAILABLE, {}}; };
  for (int i = 0; breaker() == State::closed; ++i) {
    ASSERT_LT(i, 20);
    static_cast<void>(ask("cold" + std::to_string(i)));
  }
  const int calls = recorder.calls("list");
  const auto warm = ask();
  ASSERT_TRUE(warm);
  EXPECT_TRUE((*warm)->stale);
  const auto cold = ask("cold");
  ASSERT_FALSE(cold);
  EXPECT_EQ(cold.error().code, Code::breaker_open);
  EXPECT_GT(cold.error().retry_after, seconds(50));
  EXPECT_EQ(recorder.calls("list"), calls);
  EXPECT_EQ(recorder.moves(), std::vector<State>{State::open});
}

TEST_F(SecretLookupTest, NeverOpensTheBreakerForIdsThatTheGatewayRefuses) {
  build(milliseconds(60'000));
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_INVALID, {}}; };
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask("hostile" + std::to_string(i)).error().code, Code::unknown_consumer);
  EXPECT_EQ(breaker(), State::closed);
}

TEST_F(SecretLookupTest, DropsTheStaleCopyOfAConsumerThatIsGone) {
  build(milliseconds(1));
  fill_and_expire();
  gateway.on_list = [](const std::string&) { return Answer{AUTHD_NOT_FOUND, {}}; };
  EXPECT_EQ(ask().error().code, Code::unknown_consumer);
  EXPECT_FALSE(stack->may_hold_copies());
}

// A gateway that answers only when told to.
class HungGateway : public SecretLookupTest {
 protected:
  void SetUp() override {
    LookupSettings settings;
    settings.breaker_timeout = milliseconds(1);
    build(milliseconds(60'000), settings);
    gateway.on_list = [this](const std::string&) {
      ++started;
      started.notify_all();
      released.wait();
      return Answer{AUTHD_OK, {{"a", "k"}}};
    };
  }
  void TearDown() override {
    if (!let_go) release.set_value();
    lanes.stop(); // its workers still refer to what this fixture adds
  }
  void go() {
    let_go = true;
    release.set_value();
  }
  // As a reactor does it: ask on_deadline until it gives an answer.
  LookupResult wait_out(const FlightPtr& flight) {
    for (const SteadyTime give_up = steady_now() + kLongEnough; steady_now() < give_up;) {
      auto verdict = lookup->on_deadline(flight);
      if (auto* result = std::get_if<LookupResult>(&verdict)) return *result;
    }
    throw std::runtime_error("never gave up");
  }

  std::atomic<int> started{0};
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  bool let_go = false;
};

TEST_F(HungGateway, IsGivenUpAtTheDeadlineAndItsLateAnswerFillsTheCache) {
  const auto begun = lookup->begin(kId, [](const LookupResult&) {});
  ASSERT_TRUE(begun.flight);
  started.wait(0);
  const auto result = wait_out(begun.flight);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::gateway_unavailable);
  go();
  lanes.stop();
  std::string record;
  EXPECT_TRUE(lookup->cached(kId, record));
}

TEST_F(HungGateway, CountsAsOneFailureForTheBreakerHoweverManyWait) {
  std::vector<SecretLookup::Begun> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(lookup->begin(kId, [](const LookupResult&) {}));
  started.wait(0);
  for (const auto& begun : waiting) static_cast<void>(wait_out(begun.flight));
  go();
  lanes.stop();
  EXPECT_EQ(breaker(), State::closed); // ten failures would have opened it
}

TEST_F(HungGateway, ShedsWhoWaitedForAWorkerInVain) {
  std::vector<SecretLookup::Begun> busy;
  for (int i = 0; i < 4; ++i) busy.push_back(lookup->begin("busy" + std::to_string(i), [](const LookupResult&) {}));
  for (int n = started; n < 4; n = started) started.wait(n);
  const auto queued = lookup->begin(kId, [](const LookupResult&) {});
  // At once, if the workers hang for longer already than it could wait.
  EXPECT_EQ((queued.result ? *queued.result : wait_out(queued.flight)).error().code, Code::overloaded);
}

TEST_F(HungGateway, RefusesAtOnceWhenTheLaneIsFull) {
  std::vector<SecretLookup::Begun> begun;
  std::optional<LookupResult> refused;
  for (int i = 0; i < 200 && !refused; ++i) {
    auto next = lookup->begin("c" + std::to_string(i), [](const LookupResult&) {});
    refused = next.result;
  }
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error().code, Code::overloaded);
  EXPECT_EQ(refused->error().retry_after, seconds(1));
}

TEST_F(SecretLookupTest, CreatesOneCredentialForAConsumerWithoutOne) {
  build(milliseconds(60'000));
  std::atomic<bool> exists{false};
  gateway.on_list = [&](const std::string&) {
    return exists ? Answer{AUTHD_OK, {{"a", "made"}}} : Answer{AUTHD_OK, {}};
  };
  gateway.on_create = [&](const std::string&, const test::Listed& proposed) {
    exists = true;
    return Answer{AUTHD_OK, {proposed}};
  };
  ASSERT_TRUE(ask());
  ASSERT_TRUE(ask());
  EXPECT_EQ(recorder.calls("create"), 1);
}

// Over a remote tier alone.
class RemoteTierLookup : public SecretLookupTest {
 protected:
  void SetUp() override {
    std::vector<TierSlot> tiers;
    tiers.push_back({remote.tier(), milliseconds(60'000), std::chrono::minutes(30), milliseconds(50)});
    stack = std::make_unique<TierStack>(std::move(tiers), FreshnessClock(0.2, seconds(2)), Sealer({}), recorder);
    lookup =
        std::make_unique<SecretLookup>(LookupSettings(), *stack, gateway.gateway(), guard, health, lanes, recorder);
    remote.put("authd:v1:gone", "its tier could not be told");
    remote.fail("del");
    EXPECT_FALSE(lookup->forget("gone").told());
    remote.mend();
  }
  void TearDown() override {
    lanes.stop();
    lookup.reset();
    stack.reset(); // it refers to the tier
  }

  static std::string fresh_copy() {
    std::string record;
    std::string envelope;
    CredentialRecord::encode(select_credentials({{"id", "k", "HS256", Secret(std::string("secret")), 1}}), wall_now(),
                             record);
    Sealer({}).seal("authd:v1:" + std::string(kId), record, envelope);
    return envelope;
  }

  test::ScriptedTier remote{"remote", AUTHD_CACHE_REMOTE};
};

TEST_F(RemoteTierLookup, CarriesOutPendingDeletionsWhenNobodyWaitsAnyMore) {
  std::atomic<bool> answered{false};
  std::atomic<bool> answered_before{false};
  remote.before = [&](const std::string& operation, const std::string&) {
    if (operation == "del") answered_before = answered.load();
    return AUTHD_OK;
  };
  remote.put("authd:v1:" + std::string(kId), fresh_copy());
  const auto begun = lookup->begin(kId, [&](const LookupResult& r) { answered = r.has_value(); });
  ASSERT_TRUE(begun.flight);
  const SteadyTime give_up = steady_now() + kLongEnough;
  while (remote.holds("authd:v1:gone")) ASSERT_LT(steady_now(), give_up);
  EXPECT_TRUE(answered_before);
}

TEST_F(RemoteTierLookup, CarriesOutPendingDeletionsWithTheNextInvalidation) {
  EXPECT_TRUE(lookup->forget(kId).told());
  EXPECT_FALSE(remote.holds("authd:v1:gone"));
}

} // namespace
} // namespace authd::pipeline
