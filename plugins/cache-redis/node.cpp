// SPDX-License-Identifier: Apache-2.0
#include "node.h"

#include <algorithm>

namespace authd::cache_redis {
namespace {

using sdk::Status;

// Firewalls forget connections without a word; one that was idle for longer is not relied upon.
constexpr std::chrono::seconds kLongestIdle{60};
// How often a waiting operation looks whether its call was withdrawn.
constexpr milliseconds kLongestWait{100};

} // namespace

Node::Node(Endpoint endpoint, const Dialer& dialer, sdk::Host host)
    : endpoint_(std::move(endpoint)), dialer_(dialer), host_(host), most_(dialer.settings().pool_size),
      backoff_(dialer.settings().retry_delay), thread_([this] { connect_while_wanted(); }) {}

Node::~Node() { stop(); }

void Node::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  stop_.raise();
  work_.notify_all();
  changed_.notify_all();
  thread_.join();
  stop_.close();
  const std::lock_guard lock(mutex_);
  open_ -= idle_.size();
  idle_.clear();
}

bool Node::up() const {
  const std::lock_guard lock(mutex_);
  return !down_ && !stopping_;
}

void Node::await_first_attempt(const Deadline& deadline) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, deadline.remaining(), [this] { return attempted_ || stopping_; });
}

// --- operations ----------------------------------------------------------------------------------------

Outcome<Node::Lease> Node::take(const Deadline& deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (auto lease = take_idle()) return std::move(*lease);
    if (auto fault = known_fault()) return tl::make_unexpected(std::move(*fault));
    const milliseconds left = deadline.remaining();
    if (left <= milliseconds::zero())
      return failure(Fault::Kind::timed_out, Status::timeout, "no connection became ready in time");
    ++waiting_;
    work_.notify_one();
    changed_.wait_for(lock, std::min(left, kLongestWait));
    --waiting_;
  }
}

// The newest first, so that the others grow old and go.
std::optional<Node::Lease> Node::take_idle() {
  while (!idle_.empty() && !stopping_) {
    Idle idle = std::move(idle_.back());
    idle_.pop_back();
    if (SteadyClock::now() - idle.since < kLongestIdle && idle.connection->quiet())
      return std::optional<Lease>(std::in_place, *this, std::move(idle.connection), idle.used);
    --open_;
  }
  return std::nullopt;
}

std::optional<Fault> Node::known_fault() const {
  if (stopping_) return Fault{Fault::Kind::misdirected, Status::unavailable, "this server is no longer used", {}};
  if (down_) return Fault{Fault::Kind::down, down_->status, down_->message, {}};
  // A server that is stopped or behind a dead link: who waits gives up now instead of at their deadline.
  if (attempt_began_ && SteadyClock::now() - *attempt_began_ > Dialer::kPatience)
    return Fault{Fault::Kind::down, Status::unavailable, "Redis does not answer", {}};
  return std::nullopt;
}

void Node::put_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (stopping_) {
    --open_;
    return;
  }
  idle_.push_back({std::move(connection), SteadyClock::now(), true});
  changed_.notify_one();
}

void Node::dropped() {
  const std::lock_guard lock(mutex_);
  --open_;
  work_.notify_one();
}

void Node::forget_idle() {
  const std::lock_guard lock(mutex_);
  open_ -= idle_.size();
  idle_.clear();
}

// --- the thread ----------------------------------------------------------------------------------------

void Node::connect_while_wanted() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (wanted()) {
      attempt(lock);
    } else {
      await_work(lock);
    }
  }
}

// The first connection is made before it is needed, and a server that is down is tried until it is back.
bool Node::wanted() const {
  if (!attempted_) return true;
  if (down_) return SteadyClock::now() >= next_attempt_;
  return waiting_ > idle_.size() && open_ < most_;
}

void Node::await_work(std::unique_lock<std::mutex>& lock) {
  const auto ready = [this] { return stopping_ || wanted(); };
  if (down_) {
    work_.wait_until(lock, next_attempt_, ready);
  } else {
    work_.wait(lock, ready);
  }
}

void Node::attempt(std::unique_lock<std::mutex>& lock) {
  attempt_began_ = SteadyClock::now();
  ++open_;
  lock.unlock();
  auto outcome = dialer_.dial(endpoint_, Deadline(std::chrono::hours(1)).cancelled_by(stop_.descriptor()));
  lock.lock();
  const bool was_up = attempted_ && !down_;
  const bool first = !attempted_;
  const auto fault = settle(std::move(outcome));
  changed_.notify_all();
  const bool stopping = stopping_;
  lock.unlock();
  if (!stopping && (fault ? was_up || first : !was_up && !first)) announce(fault);
  lock.lock();
}

std::optional<Fault> Node::settle(Outcome<std::unique_ptr<Connection>> outcome) {
  attempt_began_.reset();
  attempted_ = true;
  if (outcome) {
    idle_.push_back({std::move(*outcome), SteadyClock::now(), false});
    down_.reset();
    backoff_.reset();
  } else {
    --open_;
    down_ = std::move(outcome.error());
    next_attempt_ = SteadyClock::now() + backoff_.next();
  }
  return down_;
}

void Node::announce(const std::optional<Fault>& down) const {
  if (down) {
    host_.log(sdk::Level::warn, "redis-down", endpoint_.text() + ": " + down->message);
  } else {
    host_.log(sdk::Level::info, "redis-up", endpoint_.text() + " answers again");
  }
}

} // namespace authd::cache_redis
