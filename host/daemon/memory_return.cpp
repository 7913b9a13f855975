// SPDX-License-Identifier: Apache-2.0
#include "daemon/memory_return.h"

#include <algorithm>

#include <malloc.h>
#include <pthread.h>

#include "base/clock.h"

namespace authd::daemon {
namespace {

constexpr seconds kBetweenLooks{2};
// Fewer connections than this leave less than what giving back costs.
constexpr unsigned kCrowd = 256;

} // namespace

MemoryReturn::MemoryReturn(const http::Server& server) : server_(server), thread_([this] { run(); }) {}

MemoryReturn::~MemoryReturn() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

// malloc_trim(3) takes the locks of all arenas, one after the other. A warm token needs none of them.
void MemoryReturn::run() {
  pthread_setname_np(pthread_self(), "memory-return");
  unsigned crowd = 0; // the most since memory was given back
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kBetweenLooks, [this] { return ending_; })) {
    const unsigned now = server_.connections();
    crowd = std::max(crowd, now);
    if (crowd < kCrowd || now > crowd / 4) continue;
    ::malloc_trim(0);
    crowd = now;
  }
}

} // namespace authd::daemon
