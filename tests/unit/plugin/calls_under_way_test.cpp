// SPDX-License-Identifier: Apache-2.0
#include "plugin/calls_under_way.h"

#include <barrier>
#include <cstddef>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "fixtures.h"
#include "plugin/cache_tier.h"
#include "plugin/gateway.h"
#include "scripted.h"

namespace authd::plugin::test {
namespace {

std::vector<CallUnderWay> all_under_way() {
  std::vector<CallUnderWay> calls;
  visit_calls_under_way([&](const CallUnderWay& call) { calls.push_back(call); });
  return calls;
}

TEST(CallsUnderWay, NameThePluginTheInstanceTheOperationAndItsDeadline) {
  const SteadyTime deadline = steady_now() + seconds(3);
  EXPECT_EQ(call_of_this_thread().callee, nullptr);
  {
    const EnteredCall entered(callee("acme", "east"), "get_secret", deadline);
    const CallUnderWay call = call_of_this_thread();
    ASSERT_NE(call.callee, nullptr);
    EXPECT_EQ(call.callee->plugin_id, "acme");
    EXPECT_EQ(call.callee->instance, "east");
    EXPECT_STREQ(call.operation, "get_secret");
    EXPECT_EQ(call.deadline, deadline);
    EXPECT_EQ(all_under_way().size(), 1u);
  }
  EXPECT_EQ(call_of_this_thread().callee, nullptr);
  EXPECT_TRUE(all_under_way().empty());
}

TEST(CallsUnderWay, GoBackToTheOuterCallWhenTheInnerOneEnds) {
  const EnteredCall outer(callee("cache-redis", "shared"), "start", SteadyTime::max());
  { const EnteredCall inner(callee("cache-memory", "near"), "del", SteadyTime::max()); }
  EXPECT_STREQ(call_of_this_thread().operation, "start");
  EXPECT_EQ(call_of_this_thread().callee->instance, "shared");
}

TEST(CallsUnderWay, TellTwoCallsOfOneThreadApart) {
  std::uint64_t first = 0;
  {
    const EnteredCall entered(callee("acme", "east"), "probe", SteadyTime::max());
    first = call_of_this_thread().sequence;
    EXPECT_EQ(call_of_this_thread().sequence, first);
  }
  const EnteredCall entered(callee("acme", "east"), "probe", SteadyTime::max());
  EXPECT_NE(call_of_this_thread().sequence, first);
}

TEST(CallsUnderWay, EscapeTheNamesForALineThatASignalHandlerWrites) {
  EXPECT_EQ(callee("a\"b", "c").fields, R"(,"authd.plugin.id":"a\"b","authd.plugin.instance":"c")");
  EXPECT_EQ(&callee("a\"b", "c"), &callee("a\"b", "c"));
}

TEST(CallsUnderWay, AreSeenFromAnotherThreadAndGoWithTheirOwn) {
  std::promise<void> entered, leave;
  std::thread other([&] {
    const EnteredCall call(callee("acme", "west"), "stop", SteadyTime::max());
    entered.set_value();
    leave.get_future().wait();
  });
  entered.get_future().wait();
  const auto calls = all_under_way();
  leave.set_value();
  other.join();
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_STREQ(calls[0].operation, "stop");
  EXPECT_TRUE(all_under_way().empty());
}

TEST(CallsUnderWay, NeverMixTwoCallsWhenTheyAreReadWhileTheyChange) {
  const Callee& near = callee("near", "near");
  const Callee& far = callee("far", "far");
  std::atomic<bool> done{false};
  std::thread other([&] {
    for (int i = 0; i < 20'000; ++i) {
      const EnteredCall outer(near, "near", SteadyTime::max());
      const EnteredCall inner(far, "far", SteadyTime::max());
    }
    done = true;
  });
  while (!done) {
    for (const CallUnderWay& call : all_under_way()) ASSERT_EQ(call.callee->plugin_id, call.operation);
  }
  other.join();
}

TEST(CallsUnderWay, TellThreadsApartThatMakeTheirFirstCallAtTheSameTime) {
  constexpr std::ptrdiff_t kThreads = 200;
  std::barrier all_are_here(kThreads);
  std::barrier all_have_entered(kThreads + 1), all_are_seen(kThreads + 1);
  std::vector<std::thread> threads;
  for (std::ptrdiff_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      all_are_here.arrive_and_wait();
      const EnteredCall call(callee("acme", "east"), "probe", SteadyTime::max());
      all_have_entered.arrive_and_wait();
      all_are_seen.arrive_and_wait();
    });
  }
  all_have_entered.arrive_and_wait();
  std::set<std::size_t> numbers;
  for (const CallUnderWay& call : all_under_way()) numbers.insert(call.thread);
  all_are_seen.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(numbers.size(), std::size_t{kThreads});
}

TEST(CallsUnderWay, AreThoseOfEachOperationOfAnInstance) {
  CapturedLog log;
  Scripted scripted(AUTHD_GATEWAY_V1);
  std::vector<std::string> seen;
  const auto note = [&] {
    const CallUnderWay call = call_of_this_thread();
    seen.push_back(call.callee != nullptr ? call.callee->instance + " " + call.operation : "nobody");
    return AUTHD_OK;
  };
  scripted.script.create = [&](const authd_host*, const authd_cfg*, const authd_call*) { return note(); };
  scripted.script.start = [&](const authd_call*) { return note(); };
  scripted.script.get_secret = [&](const authd_call*, authd_str, const authd_credential_sink*) { return note(); };
  scripted.script.probe = [&](const authd_call*, authd_health*) { return note(); };
  const auto instance = scripted.adopted(log.get());
  ASSERT_TRUE(instance->start());
  const Gateway gateway(instance);
  Call call;
  (void)gateway.get_secret(call, "alice");
  (void)gateway.probe(call);
  EXPECT_EQ(seen,
            (std::vector<std::string>{"scripted create", "scripted start", "scripted get_secret", "scripted probe"}));
}

} // namespace
} // namespace authd::plugin::test
