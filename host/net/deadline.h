// SPDX-License-Identifier: Apache-2.0
// The one deadline that all steps of an operation share, however many waits it takes. A bound for each wait,
// as Poco's sockets and SO_RCVTIMEO have it, lets a peer that drips bytes stretch 500 ms into seconds.
#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <span>

#include <poll.h>

#include "net/failure.h"

namespace authd::net {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

// What may be withdrawn before its time is up: remaining() is zero from then on. It may be asked by another
// thread than the one that withdraws.
template <class T>
concept Withdrawable = requires(const T& operation) {
  { operation.remaining() } -> std::convertible_to<milliseconds>;
};

class Deadline {
 public:
  explicit Deadline(milliseconds from_now) : at_(SteadyClock::now() + std::min<milliseconds>(from_now, kForever)) {}
  // The earlier of the operation's own deadline and `at_most` from now. The operation must outlive it; it is asked
  // again before each wait, and at least every 100 ms.
  template <Withdrawable Operation>
  Deadline(const Operation& operation, milliseconds at_most)
      : Deadline(std::min<milliseconds>(operation.remaining(), at_most)) {
    operation_ = &operation;
    left_of_operation_ = [](const void* of) -> milliseconds { return static_cast<const Operation*>(of)->remaining(); };
  }

  Deadline capped(milliseconds at_most) const;
  // Also over as soon as this descriptor, which must outlive it, is readable; it is never read.
  Deadline cancelled_by(int descriptor) const;

  milliseconds remaining() const; // zero: it is over, or the operation was withdrawn
  bool over() const { return remaining() <= milliseconds::zero(); }
  Failure why_over() const; // timed_out or interrupted

  enum class Woken { ready, passed, over };
  static constexpr std::size_t kMostDescriptors = 32;
  // Until poll(2) reports one of `fds`, kMostDescriptors at most, ready or in error (`ready`; see their
  // revents), `until` has come (`passed`), or the deadline is over, which wins. [may-block]
  Woken await(std::span<pollfd> fds, SteadyTime until) const;
  // One descriptor: false when the deadline came first. [may-block]
  bool await(int descriptor, short events) const;
  // Nothing but waiting; returns early when the deadline is over. [may-block]
  void pause(milliseconds time) const;

 private:
  // An operation without a deadline has more milliseconds left than the clock can hold nanoseconds.
  static constexpr milliseconds kForever = std::chrono::hours(24);

  milliseconds left() const; // without a look at cancel_
  bool cancelled() const;

  SteadyTime at_;
  const void* operation_ = nullptr;
  milliseconds (*left_of_operation_)(const void*) = nullptr;
  int cancel_ = -1; // poll(2) ignores descriptors below zero
};

} // namespace authd::net
