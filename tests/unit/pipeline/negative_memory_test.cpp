// SPDX-License-Identifier: Apache-2.0
#include "pipeline/negative_memory.h"

#include <gtest/gtest.h>

namespace authd::pipeline {
namespace {

const SteadyTime kNow{std::chrono::hours(1)};

TEST(NegativeMemory, RecallsForItsTtl) {
  NegativeMemory memory(milliseconds(10'000));
  memory.remember("nobody", Code::unknown_consumer, kNow);
  EXPECT_EQ(memory.recall("nobody", kNow + milliseconds(9'999)), Code::unknown_consumer);
  EXPECT_FALSE(memory.recall("nobody", kNow + milliseconds(10'000)));
  EXPECT_FALSE(memory.recall("somebody", kNow));
}

TEST(NegativeMemory, ForgetsAConsumerThatWasFound) {
  NegativeMemory memory(milliseconds(10'000));
  memory.remember("late", Code::no_credential, kNow);
  memory.forget("late");
  EXPECT_FALSE(memory.recall("late", kNow));
}

TEST(NegativeMemory, StaysWithinItsCapacityAndKeepsTheNewest) {
  NegativeMemory memory(milliseconds(10'000), 64);
  for (int i = 0; i < 10'000; ++i) {
    memory.remember("id" + std::to_string(i), Code::unknown_consumer, kNow + milliseconds(i % 100));
  }
  int recalled = 0;
  for (int i = 0; i < 10'000; ++i) recalled += memory.recall("id" + std::to_string(i), kNow).has_value();
  EXPECT_GT(recalled, 0);
  EXPECT_LE(recalled, 64);
}

TEST(NegativeMemory, IsOffWithoutATtl) {
  NegativeMemory memory(milliseconds(0));
  memory.remember("nobody", Code::unknown_consumer, kNow);
  EXPECT_FALSE(memory.recall("nobody", kNow));
}

} // namespace
} // namespace authd::pipeline
