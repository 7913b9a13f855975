// SPDX-License-Identifier: Apache-2.0
#include "base/movable_clock.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace authd {
namespace {

TEST(MovableClock, StandsStillWithoutAFile) {
  const WallTime before = wall_now();
  const WallTime seen = MovableClock().wall();
  EXPECT_GE(seen, before);
  EXPECT_LE(seen, wall_now());
}

TEST(MovableClock, IsMovedByWhatTheFileSaysNow) {
  const std::string file = std::filesystem::temp_directory_path() / ("authd-clock-" + std::to_string(::getpid()));
  const MovableClock clock(file);
  const auto ahead = [&] { return clock.wall() - wall_now(); };
  EXPECT_LT(ahead(), seconds(10)) << "there is no file yet";
  std::ofstream(file) << 3'600'000;
  EXPECT_GT(ahead(), seconds(3500));
  EXPECT_GT(clock.steady() - steady_now(), seconds(3500));
  std::ofstream(file) << "soon";
  EXPECT_LT(ahead(), seconds(10));
  std::filesystem::remove(file);
}

} // namespace
} // namespace authd
