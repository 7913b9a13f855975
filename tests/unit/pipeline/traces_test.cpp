// SPDX-License-Identifier: Apache-2.0
// To which trace the calls of a lookup belong.
#include <mutex>
#include <vector>

#include <gtest/gtest.h>

#include "lookup_fixture.h"

namespace authd::pipeline::test {
namespace {

// What is reported of calls and refreshes.
class TraceRecorder final : public Recorder {
 public:
  struct Refreshed {
    TraceContext trace;
    std::string result;
    std::vector<std::string> steps;
  };

  void gateway_called(const GatewayReport& report) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(report.trace);
  }
  void refreshed(const RefreshReport& report) override {
    const std::lock_guard lock(mutex_);
    Refreshed seen{report.trace, std::string(report.result), {}};
    for (const TimedStep& step : report.steps.all()) seen.steps.emplace_back(step.name);
    refreshes_.push_back(std::move(seen));
  }
  void breaker_moved(std::string_view, CircuitBreaker::Transition) override {}
  void tier_failed(const TierReport&) override {}

  std::vector<TraceContext> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::vector<Refreshed> refreshes() const {
    const std::lock_guard lock(mutex_);
    return refreshes_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<TraceContext> calls_;
  std::vector<Refreshed> refreshes_;
};

class TraceOfALookup : public LookupFixture {
 protected:
  TraceOfALookup() {
    gateway.on_call = [this](const Call& call) {
      const std::lock_guard lock(mutex_);
      seen_.push_back(call.trace());
      state_ = call.trace().state;
    };
  }

  void build_traced(const std::vector<ScriptedTier*>& order, double ratio = 0) {
    std::vector<TierSlot> slots;
    for (const ScriptedTier* tier : order)
      slots.push_back({tier->tier(), kTtl, std::chrono::minutes(30), kReadTimeout});
    history = std::make_shared<TierHistory>();
    stack = std::make_unique<TierStack>(std::move(slots), kClock, Sealer({}), traces, history);
    LookupSettings settings;
    settings.trace_sample_ratio = ratio;
    lookup = std::make_unique<SecretLookup>(settings, *stack, gateway.gateway(), guard, health, lanes, traces);
  }
  static TraceContext request(std::uint8_t n, std::string_view state = {}) {
    TraceContext context;
    context.trace[0] = context.span[0] = n;
    context.sampled = true;
    context.state = state;
    return context;
  }
  // The traces of the calls, as the gateway saw them.
  std::vector<TraceContext> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::string last_state() {
    const std::lock_guard lock(mutex_);
    return state_;
  }

  ~TraceOfALookup() override { finish(); } // workers report to what is destroyed next

  TraceRecorder traces;

 private:
  std::mutex mutex_;
  std::vector<TraceContext> seen_;
  std::string state_;
};

TEST_F(TraceOfALookup, IsThatOfTheRequestWhichWaitsUnderASpanForEachCall) {
  build_traced({&memory});
  std::promise<void> answered;
  auto begun = lookup->begin(
      kId, [&](const LookupResult&) { answered.set_value(); }, request(1, "a=1"));
  ASSERT_TRUE(begun.flight);
  answered.get_future().wait();
  finish();
  ASSERT_EQ(seen().size(), 1u);
  EXPECT_EQ(seen()[0].trace, request(1).trace);
  EXPECT_NE(seen()[0].span, request(1).span);
  EXPECT_TRUE(seen()[0].sampled);
  EXPECT_EQ(last_state(), "a=1") << "which outlives the request";
  const StepLog::Report report = begun.flight->steps.report();
  EXPECT_EQ(report.owner.context().span, request(1).span);
  EXPECT_EQ(report.steps.last()->name, "list");
  EXPECT_EQ(report.steps.last()->span, seen()[0].span);
  ASSERT_EQ(traces.calls().size(), 1u);
  EXPECT_EQ(traces.calls()[0].span, seen()[0].span) << "its log line names the same span";
  EXPECT_TRUE(traces.refreshes().empty());
}

TEST_F(TraceOfALookup, IsThatOfTheFirstWhoWaits) {
  build_traced({&memory});
  std::promise<void> release;
  gateway.on_list = [released = release.get_future().share()](const std::string&) {
    released.wait();
    return Answer{AUTHD_OK, {{"a", "listed"}}};
  };
  auto first = lookup->begin(
      kId, [](const LookupResult&) {}, request(1));
  auto second = lookup->begin(
      kId, [](const LookupResult&) {}, request(2));
  release.set_value();
  finish();
  EXPECT_EQ(first.flight, second.flight);
  ASSERT_EQ(seen().size(), 1u);
  EXPECT_EQ(seen()[0].trace, request(1).trace);
  EXPECT_EQ(second.flight->steps.report().owner.context().span, request(1).span);
}

TEST_F(TraceOfALookup, IsOneOfItsOwnForARefresh) {
  build_traced({&memory}, 1);
  put_due("old");
  EXPECT_EQ(signs_at_once(), "old");
  finish();
  ASSERT_EQ(seen().size(), 1u);
  EXPECT_TRUE(seen()[0]);
  ASSERT_EQ(traces.refreshes().size(), 1u);
  EXPECT_EQ(traces.refreshes()[0].trace.trace, seen()[0].trace);
  EXPECT_EQ(traces.refreshes()[0].trace.parent, SpanId{});
  EXPECT_EQ(traces.refreshes()[0].result, "ok");
  EXPECT_EQ(traces.refreshes()[0].steps, (std::vector<std::string>{"queue", "list"}));
}

TEST_F(TraceOfALookup, OfARefreshIsSampledByTheRatio) {
  build_traced({&memory}, 0);
  put_due("old");
  EXPECT_EQ(signs_at_once(), "old");
  finish();
  ASSERT_EQ(seen().size(), 1u);
  EXPECT_TRUE(seen()[0]) << "it is sent, so that the gateway's log can name it";
  EXPECT_FALSE(seen()[0].sampled);
  EXPECT_TRUE(traces.refreshes().empty());
}

TEST_F(TraceOfALookup, NamesEachTierThatWasRead) {
  build_traced({&memory, &remote, &farther});
  std::promise<void> answered;
  auto begun = lookup->begin(
      kId, [&](const LookupResult&) { answered.set_value(); }, request(1));
  ASSERT_TRUE(begun.flight);
  answered.get_future().wait();
  finish();
  std::vector<std::string> reads;
  const TimedSteps steps = begun.flight->steps.so_far();
  for (const TimedStep& step : steps.all())
    if (step.name == "read") reads.push_back(std::string(step.tier) + " " + std::string(step.result));
  EXPECT_EQ(reads, (std::vector<std::string>{"remote miss", "farther miss"}));
}

TEST_F(TraceOfALookup, NotesWhichLocalTiersWereAskedAtOnce) {
  build_traced({&memory, &more_memory});
  LocalReads reads;
  std::string record;
  EXPECT_FALSE(lookup->cached(kId, record, &reads));
  ASSERT_EQ(reads.all().size(), 2u);
  EXPECT_EQ(reads.all()[0].tier, "memory");
  EXPECT_EQ(reads.all()[1].tier, "more-memory");
  EXPECT_EQ(reads.all()[1].result, "miss");
}

} // namespace
} // namespace authd::pipeline::test
