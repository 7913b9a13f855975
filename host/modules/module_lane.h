// SPDX-License-Identifier: Apache-2.0
// The workers of modules, and each module's share of them: one that hangs never holds them all.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "pipeline/blocking_lane.h"

namespace authd::modules {

// One module's way to the workers. [thread-safe]
class ModuleShare : public std::enable_shared_from_this<ModuleShare> {
 public:
  // At most `workers` of its jobs run at a time, and `queued` wait. The lane must outlive every job.
  ModuleShare(pipeline::BlockingLane& lane, std::size_t workers, std::size_t queued)
      : lane_(lane), workers_(workers), queued_(queued) {}

  // False: there is no room, and the job was not taken. A job must not throw.
  [[nodiscard]] bool submit(std::function<void()> job);
  std::size_t running() const;
  std::size_t waiting() const;

 private:
  bool begin(std::function<void()> job); // requires a place in running_
  void ended();

  pipeline::BlockingLane& lane_;
  const std::size_t workers_;
  const std::size_t queued_;
  mutable std::mutex mutex_;
  std::deque<std::function<void()>> waiting_;
  std::size_t running_ = 0;
};

} // namespace authd::modules
