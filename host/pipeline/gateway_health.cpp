// SPDX-License-Identifier: Apache-2.0
#include "pipeline/gateway_health.h"

#include <future>
#include <memory>
#include <system_error>
#include <utility>

namespace authd::pipeline {
namespace {

constexpr milliseconds kGoodFor{1000};
constexpr milliseconds kEvery{1000}; // while a breaker is open

// 403 from the probe alone may come from a role that may not see it: the gateway is there, so a call is worth it.
bool worth_a_call(const plugin::Health& health) {
  return health.state != plugin::Health::State::down || health.status == CallStatus::denied;
}

} // namespace

GatewayHealth::GatewayHealth(const plugin::Gateway& gateway, GatewayGuard& guard, milliseconds probe_timeout,
                             Recorder& recorder, ProbeBackground background)
    : gateway_(gateway), guard_(guard), probe_timeout_(probe_timeout), recorder_(recorder),
      background_(std::move(background)) {
  if (guard.needs_probe()) watch();
  const std::lock_guard lock(mutex_);
  if (background_.each_second) start();
}

GatewayHealth::~GatewayHealth() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// False: the system has no thread to give; the next one to ask tries again.
bool GatewayHealth::start() {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this] { run(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void GatewayHealth::ask(Done done) {
  std::unique_lock lock(mutex_);
  if (has_recent_answer()) {
    const plugin::Health answer = *last_;
    lock.unlock();
    return done(answer);
  }
  if (!start()) {
    lock.unlock();
    return done({plugin::Health::State::down, "could not start a thread for the probe", {}, {}, CallStatus::internal});
  }
  waiting_.push_back(std::move(done));
  wake_.notify_all();
}

std::optional<plugin::Health> GatewayHealth::wait_for_answer(SteadyTime until) {
  const auto promise = std::make_shared<std::promise<plugin::Health>>();
  std::future<plugin::Health> answer = promise->get_future();
  ask([promise](const plugin::Health& health) { promise->set_value(health); });
  if (answer.wait_until(until) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

void GatewayHealth::watch() {
  const std::lock_guard lock(mutex_);
  if (watching_ || !start()) return;
  watching_ = true;
  next_tick_ = steady_now() + kEvery;
  wake_.notify_all();
}

std::optional<plugin::Health> GatewayHealth::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

bool GatewayHealth::has_recent_answer() const { return last_ && steady_now() - last_at_ < kGoodFor; }

bool GatewayHealth::is_to_probe() const {
  if (!waiting_.empty()) return true;
  const SteadyTime now = steady_now();
  const bool is_old = !last_ || now - last_at_ >= background_.probe_every;
  return now >= next_tick_ && (watching_ || (background_.probe_every > milliseconds(0) && is_old));
}

void GatewayHealth::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    await_work(lock);
    if (stopping_) break;
    const bool is_time = steady_now() >= next_tick_;
    if (is_to_probe()) probe(lock);
    if (is_time) tick(lock);
    watching_ = guard_.needs_probe();
  }
  const plugin::Health ended{plugin::Health::State::down, "authd is stopping", {}, {}, CallStatus::cancelled};
  for (const Done& done : std::exchange(waiting_, {})) done(ended);
}

void GatewayHealth::await_work(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (stopping_ || !waiting_.empty()) return;
    if (!watching_ && !background_.each_second) {
      wake_.wait(lock);
    } else if (wake_.wait_until(lock, next_tick_) == std::cv_status::timeout) {
      return;
    }
  }
}

void GatewayHealth::tick(std::unique_lock<std::mutex>& lock) {
  if (background_.each_second) {
    lock.unlock();
    background_.each_second();
    lock.lock();
  }
  next_tick_ = steady_now() + kEvery;
}

void GatewayHealth::probe(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  Call call(steady_now() + probe_timeout_);
  const SteadyTime start = steady_now();
  const plugin::Health health = gateway_.probe(call);
  recorder_.probed(health.status, steady_now() - start);
  if (health.status == CallStatus::ok) guard_.prove_base();
  if (worth_a_call(health)) guard_.recovered(steady_now(), recorder_);
  lock.lock();
  last_ = health;
  last_at_ = steady_now();
  const std::vector<Done> waiting = std::exchange(waiting_, {});
  lock.unlock();
  for (const Done& done : waiting) done(health);
  lock.lock();
}

} // namespace authd::pipeline
