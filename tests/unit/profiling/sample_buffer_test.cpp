// SPDX-License-Identifier: Apache-2.0
#include "profiling/sample_buffer.h"

#include <array>
#include <map>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace authd::profiling {
namespace {

TEST(SampleBuffer, KeepsWhatThreadsRecordAtOnce) {
  constexpr int kEach = 1000;
  SampleBuffer buffer(1 << 20);
  std::vector<std::thread> threads;
  for (pid_t tid = 1; tid <= 4; ++tid) {
    threads.emplace_back([&buffer, tid] {
      const std::vector<std::uintptr_t> stack(static_cast<std::size_t>(tid), static_cast<std::uintptr_t>(tid));
      for (int i = 0; i < kEach; ++i) buffer.record(tid, 2, stack);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::map<pid_t, int> seen;
  buffer.for_each([&](pid_t tid, std::uint32_t periods, std::span<const std::uintptr_t> stack) {
    ++seen[tid];
    EXPECT_EQ(periods, 2u);
    ASSERT_EQ(stack.size(), static_cast<std::size_t>(tid));
    for (const std::uintptr_t address : stack) EXPECT_EQ(address, static_cast<std::uintptr_t>(tid));
  });
  EXPECT_EQ(seen, (std::map<pid_t, int>{{1, kEach}, {2, kEach}, {3, kEach}, {4, kEach}}));
  EXPECT_EQ(buffer.lost(), 0u);
}

TEST(SampleBuffer, CountsWhatItHasNoRoomFor) {
  SampleBuffer buffer(4096);
  const std::array<std::uintptr_t, 62> stack{};
  for (int i = 0; i < 10; ++i) buffer.record(1, 1, stack); // 64 words each, and 512 there are
  int kept = 0;
  buffer.for_each([&](pid_t, std::uint32_t, std::span<const std::uintptr_t>) { ++kept; });
  EXPECT_EQ(kept, 8);
  EXPECT_EQ(buffer.lost(), 2u);
}

} // namespace
} // namespace authd::profiling
