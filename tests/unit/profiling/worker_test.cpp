// SPDX-License-Identifier: Apache-2.0
#include "profiling/worker.h"

#include <chrono>
#include <future>
#include <stdexcept>

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace authd::profiling {
namespace {

// What the job returns, when the thread has run it.
template <class Job>
auto on(Worker& worker, Job job) {
  std::promise<decltype(job(std::declval<Sessions&>()))> promise;
  auto future = promise.get_future();
  if (!worker.post([&](Sessions& sessions) { promise.set_value(job(sessions)); }))
    throw std::runtime_error("not taken");
  return future.get();
}

TEST(Worker, EndsASessionWithoutBeingAsked) {
  const test::TempDir dir;
  Worker worker(milliseconds(150));
  const Settings settings{dir.path() / "profiling", false};
  ASSERT_TRUE(on(worker, [&](Sessions& s) { return s.start(Type::cpu, settings, steady_now()).has_value(); }));
  while (on(worker, [](Sessions& s) { return s.is_running(); })) std::this_thread::yield();
  EXPECT_TRUE(on(worker, [](Sessions& s) { return s.all().back().stopped_by_itself; }));
}

TEST(Worker, TakesASmallNumberOfJobs) {
  Worker worker;
  std::promise<void> go;
  const auto gone = go.get_future().share();
  int taken = 0;
  while (taken < 1000 && worker.post([gone](Sessions&) { gone.wait(); })) ++taken;
  go.set_value();
  EXPECT_LT(taken, 1000);
}

TEST(Worker, GivesUpASessionThatRunsWhenItEnds) {
  const test::TempDir dir;
  const Settings settings{dir.path() / "profiling", false};
  {
    Worker worker;
    on(worker, [&](Sessions& s) { return s.start(Type::cpu, settings, steady_now()).has_value(); });
  }
  Worker next;
  EXPECT_TRUE(on(next, [&](Sessions& s) { return s.start(Type::cpu, settings, steady_now()).has_value(); }));
}

} // namespace
} // namespace authd::profiling
