// SPDX-License-Identifier: Apache-2.0
#include "pipeline/gateway_health.h"

#include <utility>

namespace authd::pipeline {
namespace {
constexpr milliseconds kGoodFor{1000};
}

GatewayHealth::GatewayHealth(const plugin::Gateway& gateway, milliseconds probe_timeout)
    : gateway_(gateway), probe_timeout_(probe_timeout) {}

void GatewayHealth::ask(Done done) {
  std::unique_lock lock(mutex_);
  if (last_ && steady_now() - last_at_ < kGoodFor) {
    const plugin::Health answer = *last_;
    lock.unlock();
    return done(answer);
  }
  waiting_.push_back(std::move(done));
  if (probing_) return;
  probing_ = lane_.submit([this] { probe(); });
}

void GatewayHealth::probe() {
  plugin::Call call(steady_now() + probe_timeout_);
  const plugin::Health health = gateway_.probe(call);
  std::vector<Done> waiting;
  {
    const std::lock_guard lock(mutex_);
    last_ = health;
    last_at_ = steady_now();
    probing_ = false;
    waiting.swap(waiting_);
  }
  for (const Done& done : waiting) done(health);
}

} // namespace authd::pipeline
