// SPDX-License-Identifier: Apache-2.0
#include "telemetry/volume_sketch.h"

#include <gtest/gtest.h>

namespace authd::telemetry {
namespace {

constexpr SteadyTime kBegin{std::chrono::hours(100)};

TEST(VolumeSketch, ClassesAConsumerByItsTokensOfTheLastHour) {
  VolumeSketch sketch;
  for (int n = 1; n <= 1200; ++n) {
    const Volume expected = n >= 1000 ? Volume::high : n >= 60 ? Volume::medium : Volume::low;
    EXPECT_EQ(sketch.count("alice", kBegin), expected) << n;
  }
  EXPECT_EQ(sketch.count("bob", kBegin), Volume::low);
}

TEST(VolumeSketch, ForgetsAsTheHourPasses) {
  VolumeSketch sketch;
  for (int n = 0; n < 1000; ++n) sketch.count("alice", kBegin);
  EXPECT_EQ(sketch.count("alice", kBegin + std::chrono::minutes(90)), Volume::medium) << "half of 1000";
  EXPECT_EQ(sketch.count("alice", kBegin + std::chrono::minutes(118)), Volume::low) << "a thirtieth of 1000";
  EXPECT_EQ(sketch.count("alice", kBegin + std::chrono::hours(5)), Volume::low);
}

} // namespace
} // namespace authd::telemetry
