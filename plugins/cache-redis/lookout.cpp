// SPDX-License-Identifier: Apache-2.0
#include "lookout.h"

#include <exception>
#include <utility>

namespace authd::cache_redis {
namespace {

constexpr milliseconds kShortestPause{100};

} // namespace

Lookout::Lookout(milliseconds period, std::function<void(const Deadline&)> look)
    : period_(period), look_(std::move(look)) {}

Lookout::~Lookout() { stop(); }

void Lookout::start() {
  thread_ = std::thread([this] { run(); });
}

void Lookout::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.raise();
  wanted_.notify_all();
  looked_.notify_all();
  if (thread_.joinable()) thread_.join();
  stop_.close();
}

void Lookout::look_now() {
  const std::lock_guard lock(mutex_);
  asked_ = true;
  wanted_.notify_one();
}

void Lookout::await_first(const Deadline& deadline) const {
  std::unique_lock lock(mutex_);
  looked_.wait_for(lock, deadline.remaining(), [this] { return has_looked_ || stopping_; });
}

// Out of memory: the next look may do better, and nothing is worth to end the process for.
void Lookout::look() noexcept {
  try {
    look_(Deadline(std::chrono::hours(1)).cancelled_by(stop_.descriptor()));
  } catch (const std::exception&) {
  }
}

void Lookout::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    asked_ = false;
    lock.unlock();
    look();
    lock.lock();
    has_looked_ = true;
    looked_.notify_all();
    wanted_.wait_for(lock, kShortestPause, [this] { return stopping_; });
    wanted_.wait_for(lock, period_, [this] { return stopping_ || asked_; });
  }
}

} // namespace authd::cache_redis
