// SPDX-License-Identifier: Apache-2.0
#include "telemetry/volume_sketch.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

namespace authd::telemetry {
namespace {

constexpr double kMedium = 60;
constexpr double kHigh = 1000;

std::uint32_t hour_of(std::uint64_t packed) { return static_cast<std::uint32_t>(packed >> 32); }
std::uint32_t tokens_of(std::uint64_t packed) { return static_cast<std::uint32_t>(packed); }
std::uint64_t pack(std::uint32_t hour, std::uint32_t tokens) { return std::uint64_t{hour} << 32 | tokens; }

} // namespace

std::string_view name_of(Volume volume) {
  static constexpr std::array<std::string_view, 3> kNames{"low", "medium", "high"};
  return kNames[static_cast<std::size_t>(volume)];
}

// Of two threads that begin an hour at once, one may lose a count: that is one token of sixty or more.
VolumeSketch::Counts VolumeSketch::step(std::size_t cell, std::uint32_t hour) noexcept {
  ZeroedMemory::Number& running = numbers_[2 * cell];
  ZeroedMemory::Number& before = numbers_[2 * cell + 1];
  const std::uint64_t seen = running.load(std::memory_order_relaxed);
  if (hour_of(seen) != hour) {
    before.store(seen, std::memory_order_relaxed);
    running.store(pack(hour, 1), std::memory_order_relaxed);
  } else if (tokens_of(seen) < std::numeric_limits<std::uint32_t>::max()) {
    running.fetch_add(1, std::memory_order_relaxed);
  }
  const std::uint64_t last = before.load(std::memory_order_relaxed);
  return {tokens_of(running.load(std::memory_order_relaxed)), hour_of(last) + 1 == hour ? tokens_of(last) : 0};
}

Volume VolumeSketch::count(std::string_view consumer, SteadyTime now) noexcept {
  constexpr std::int64_t kHourMs = 3'600'000;
  const std::int64_t ms = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  // From 1 on: 0 is a cell that has counted nothing.
  const auto hour = static_cast<std::uint32_t>(ms / kHourMs + 1);
  const double left_of_before = 1.0 - static_cast<double>(ms % kHourMs) / kHourMs;
  std::uint64_t hash = std::hash<std::string_view>{}(consumer);
  double least = std::numeric_limits<double>::max();
  for (std::size_t row = 0; row < kRows; ++row) {
    const Counts counts = step(row * kCells + hash % kCells, hour);
    least = std::min(least, counts.running + left_of_before * counts.before);
    hash >>= 32;
  }
  return least >= kHigh ? Volume::high : least >= kMedium ? Volume::medium : Volume::low;
}

} // namespace authd::telemetry
