// SPDX-License-Identifier: Apache-2.0
#include "pipeline/guarded_calls.h"

#include <utility>

namespace authd::pipeline {
namespace {

using Outcome = CircuitBreaker::Outcome;
using plugin::Status;

// An unknown consumer says nothing about the gateway's health: whoever asks for such ids could dilute the failures
// of others. What the gateway refuses to create for one consumer is that consumer's matter alone.
Outcome outcome_of(GatewayUse use, const plugin::Failure* failure) {
  if (failure == nullptr) return Outcome::success;
  switch (failure->status) {
  case Status::not_found:
  case Status::invalid:
  case Status::conflict: return Outcome::answered;
  case Status::denied:
  case Status::unsupported: return use == GatewayUse::create ? Outcome::answered : Outcome::failure;
  default: return Outcome::failure;
  }
}

} // namespace

GuardedCalls::~GuardedCalls() {
  if (const auto permit = take_permit()) guard_.record(*permit, Outcome::unjudged, steady_now(), recorder_);
}

std::optional<Error> GuardedCalls::admit(GatewayUse use) {
  begun_ = steady_now();
  auto admitted = guard_.acquire(use, begun_, recorder_);
  if (auto* refused = std::get_if<Error>(&admitted)) return std::move(*refused);
  const std::lock_guard lock(mutex_);
  permit_ = std::get<GatewayGuard::Permit>(admitted);
  return std::nullopt;
}

void GuardedCalls::judge(const plugin::Failure* failure, bool in_doubt) {
  const SteadyTime now = steady_now();
  const auto permit = take_permit();
  if (!permit) return; // expired
  if (failure != nullptr && failure->status == Status::rate_limited) {
    return guard_.pause(*permit, failure->retry_after, now, recorder_);
  }
  const bool late = now - begun_ > timeout_;
  const Outcome outcome = in_doubt ? Outcome::unjudged : late ? Outcome::failure : outcome_of(permit->use, failure);
  guard_.record(*permit, outcome, now, recorder_);
}

void GuardedCalls::expire() {
  if (const auto permit = take_permit()) guard_.record(*permit, Outcome::failure, steady_now(), recorder_);
}

std::optional<GatewayGuard::Permit> GuardedCalls::take_permit() {
  const std::lock_guard lock(mutex_);
  return std::exchange(permit_, std::nullopt);
}

} // namespace authd::pipeline
