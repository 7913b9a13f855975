// SPDX-License-Identifier: Apache-2.0
#include "topology_refresher.h"

#include <exception>
#include <utility>

namespace authd::cache_redis {
namespace {

constexpr milliseconds kShortestPause{100};

} // namespace

TopologyRefresher::TopologyRefresher(milliseconds period, std::function<void(const Deadline&)> refresh)
    : period_(period), refresh_(std::move(refresh)) {}

TopologyRefresher::~TopologyRefresher() { stop(); }

void TopologyRefresher::start() {
  thread_ = std::thread([this] { run(); });
}

void TopologyRefresher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.raise();
  work_.notify_all();
  refreshed_.notify_all();
  if (thread_.joinable()) thread_.join();
  stop_.close();
}

void TopologyRefresher::refresh_now() {
  const std::lock_guard lock(mutex_);
  requested_ = true;
  work_.notify_one();
}

void TopologyRefresher::await_first(const Deadline& deadline) const {
  std::unique_lock lock(mutex_);
  refreshed_.wait_for(lock, deadline.remaining(), [this] { return has_refreshed_ || stopping_; });
}

// When memory has run out, the next refresh may succeed; an exception that left the thread would end the process.
void TopologyRefresher::refresh() noexcept {
  try {
    refresh_(Deadline(std::chrono::hours(1)).cancelled_by(stop_.descriptor()));
  } catch (const std::exception&) {
  }
}

void TopologyRefresher::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    requested_ = false;
    lock.unlock();
    refresh();
    lock.lock();
    has_refreshed_ = true;
    refreshed_.notify_all();
    work_.wait_for(lock, kShortestPause, [this] { return stopping_; });
    work_.wait_for(lock, period_, [this] { return stopping_ || requested_; });
  }
}

} // namespace authd::cache_redis
