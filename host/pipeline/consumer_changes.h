// SPDX-License-Identifier: Apache-2.0
// Consumers whose gateway says that their credentials changed: forgotten in the background, because a remote
// tier may have to be told, and the plugin's thread must not wait for that.
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "pipeline/blocking_lane.h"

namespace authd::pipeline {

// [thread-safe]
class ConsumerChanges {
 public:
  using Forget = std::function<void(const std::string& consumer)>;
  using ForgetAll = std::function<void()>;
  // They may block, must not throw, and are called by one thread at a time.
  ConsumerChanges(Forget forget, ForgetAll forget_all)
      : forget_(std::move(forget)), forget_all_(std::move(forget_all)) {}

  // Return at once. However many come, the bookkeeping is one entry per consumer.
  void add(std::string_view consumer);
  void add_all();

  // Carries out what is left and joins. [may-block]
  void stop() { worker_.stop(); }

 private:
  void carry_out();

  const Forget forget_;
  const ForgetAll forget_all_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> pending_; // consumers
  bool all_pending_ = false;
  // One worker and one place: a job that finds no room is not needed, for the one that waits takes all that
  // is pending when it begins.
  BlockingLane worker_{1, 1};
};

} // namespace authd::pipeline
