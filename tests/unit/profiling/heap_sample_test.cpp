// SPDX-License-Identifier: Apache-2.0
#include "profiling/heap_sampler.h"

#include <gmock/gmock.h>

namespace authd::profiling {
namespace {

using testing::ElementsAre;

TEST(HeapSample, IsReadAndScaledUpToWhatItStandsFor) {
  const Recording recording = parse_heap_sample("heap profile:      3:  1049600 [     3:  1049600] @ heap_v2/524288\n"
                                                "     1:  1048576 [     1:  1048576] @ 0x1001 0x2001\n"
                                                "     2:     1024 [     9:     4608] @ 0x3001\n"
                                                "\nMAPPED_LIBRARIES:\n"
                                                "     1:     1024 [     1:     1024] @ 0x4001\n");
  EXPECT_EQ(recording.type, Type::heap);
  EXPECT_EQ(recording.period, 524288);
  ASSERT_EQ(recording.samples.size(), 2u);
  EXPECT_THAT(recording.samples[0].stack, ElementsAre(0x1000, 0x2000)) << "the calls, not where they return to";
  // 1 / (1 - exp(-2)): an object of twice the period is nearly always seen.
  EXPECT_EQ(recording.samples[0].count, 1);
  EXPECT_EQ(recording.samples[0].value, 1'212'697);
  // 512 bytes are seen once in 1024.5 times.
  EXPECT_EQ(recording.samples[1].count, 2049);
  EXPECT_EQ(recording.samples[1].value, 1'049'088);
}

TEST(HeapSample, SkipsWhatIsNoSample) {
  EXPECT_TRUE(parse_heap_sample("").samples.empty());
  EXPECT_TRUE(
      parse_heap_sample("heap profile: 0: 0 [0: 0] @ heap_v2/1\ngarbage\n 1: 2 [\n 0: 0 [1: 8] @ 0x1\n 1 2 @ 0x1\n"
                        " 1: 8 [1: 8] @\n")
          .samples.empty());
}

} // namespace
} // namespace authd::profiling
