// SPDX-License-Identifier: Apache-2.0
// The time spent in each step of an operation, in order, in a fixed array without allocations.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/trace_context.h"

namespace authd {

struct TimedStep {
  std::string_view name;   // static text: "queue", "read", "list", "resolve", "create", "probe"
  std::string_view result; // static text: "ok", "timeout", ...; "running": not finished
  SteadyTime begun{};
  std::chrono::nanoseconds duration{0};
  std::string_view tier{}; // of a read: its name, which lives as long as the generation
  SpanId span{};           // of a call to the gateway: what its exchanges name as their parent
};

// A step beyond `Most` replaces the last.
template <std::size_t Most>
class TimedStepsOf {
 public:
  static constexpr std::size_t kMost = Most;

  void begin(std::string_view name, SteadyTime now, std::string_view tier = {}, const SpanId& span = {}) {
    if (size_ < kMost) ++size_;
    steps_[size_ - 1] = {name, kRunning, now, std::chrono::nanoseconds(0), tier, span};
  }
  // Ends the last step, unless it has ended.
  void end(std::string_view result, SteadyTime now) {
    if (!is_running()) return;
    steps_[size_ - 1].result = result;
    steps_[size_ - 1].duration = now - steps_[size_ - 1].begun;
  }
  // A copy as of this time: a running step has lasted until now.
  TimedStepsOf as_of(SteadyTime now) const {
    TimedStepsOf copy = *this;
    copy.end(kRunning, now);
    return copy;
  }

  bool is_running() const { return size_ > 0 && steps_[size_ - 1].result == kRunning; }
  const TimedStep* last() const { return size_ == 0 ? nullptr : &steps_[size_ - 1]; }
  std::span<const TimedStep> all() const { return {steps_.data(), size_}; }

 private:
  static constexpr std::string_view kRunning = "running";
  std::array<TimedStep, kMost> steps_{};
  std::size_t size_ = 0;
};

// A lookup has at most 11 and a read for each further tier: two queues, a read, list, resolve and, if three proposed
// keys are in use, three times create and list.
using TimedSteps = TimedStepsOf<14>;
// Reads of local tiers, of which there is rarely more than one.
using LocalReads = TimedStepsOf<2>;

} // namespace authd
