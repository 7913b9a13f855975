// SPDX-License-Identifier: Apache-2.0
#include "profiling/cpu_sampler.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <pthread.h>

#include "profiling/profile.h"

namespace authd::profiling {
namespace {

using std::chrono::steady_clock;

std::atomic<bool> g_stop{false};

[[gnu::noinline]] double burn_the_cpu(std::int64_t ns) {
  timespec now{};
  double sum = 0;
  do {
    for (int i = 0; i < 10'000; ++i) sum += 1.0 / (1 + i + sum);
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  } while (now.tv_sec * 1'000'000'000 + now.tv_nsec < ns);
  return sum;
}

// Burns that much CPU time, and waits until the sampler has stopped.
std::thread busy_thread(std::atomic<int>& done, std::int64_t ns, bool blocks = false) {
  g_stop = false;
  return std::thread([&done, ns, blocks] {
    pthread_setname_np(pthread_self(), blocks ? "blocking" : "busy");
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPROF);
    if (blocks) pthread_sigmask(SIG_BLOCK, &set, nullptr);
    done += burn_the_cpu(ns) > 0 ? 1 : 0;
    while (!g_stop) std::this_thread::yield();
  });
}

std::int64_t time_in(const Profile& profile, const std::string& thread, const std::string& function) {
  std::int64_t sum = 0;
  for (const NamedSample& sample : profile.samples) {
    const bool is_in = std::any_of(sample.stack.begin(), sample.stack.end(), [&](std::uint32_t frame) {
      return profile.frames[frame].function.find(function) != std::string::npos;
    });
    if (sample.thread == thread && is_in) sum += sample.value;
  }
  return sum;
}

TEST(CpuSampler, FindsTheFunctionThatTakesTheTimeInAThreadThatIsNew) {
  constexpr std::int64_t kWork = 300'000'000;
  CpuSampler sampler;
  sampler.start();
  std::atomic<int> done{0};
  std::thread thread = busy_thread(done, kWork);
  while (done == 0) {
    sampler.keep_up();
    std::this_thread::yield();
  }
  const Profile profile = name(sampler.stop());
  g_stop = true;
  thread.join();
  EXPECT_GT(time_in(profile, "busy", "burn_the_cpu"), kWork / 3);
  EXPECT_LT(time_in(profile, "busy", "burn_the_cpu"), kWork * 2);
}

TEST(CpuSampler, NamesThreadsThatCannotBeSampled) {
  CpuSampler sampler;
  std::atomic<int> done{0};
  std::thread thread = busy_thread(done, 1'000'000, true);
  while (done == 0) std::this_thread::yield();
  sampler.start();
  const Recording recording = sampler.stop();
  g_stop = true;
  thread.join();
  EXPECT_THAT(recording.blocked_threads, testing::Contains("blocking"));
}

TEST(CpuSampler, IsOneInTheProcess) {
  CpuSampler first, second;
  first.start();
  EXPECT_THROW(second.start(), std::runtime_error);
  first.stop();
  second.start();
  second.stop();
}

TEST(CpuSampler, OutlivesALateSignal) {
  CpuSampler sampler;
  sampler.start();
  sampler.stop();
  EXPECT_EQ(::raise(SIGPROF), 0);
}

} // namespace
} // namespace authd::profiling
