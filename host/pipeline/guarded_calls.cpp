// SPDX-License-Identifier: Apache-2.0
#include "pipeline/guarded_calls.h"

#include <utility>

namespace authd::pipeline {
namespace {

using Outcome = CircuitBreaker::Outcome;

// An unknown consumer says nothing about the gateway's health: requests with such ids could dilute the failures
// of others. What the gateway refuses to create for one consumer concerns only that consumer.
Outcome outcome_of(GatewayUse use, const CallFailure* failure) {
  if (failure == nullptr) return Outcome::success;
  switch (failure->status) {
  case CallStatus::not_found:
  case CallStatus::invalid:
  case CallStatus::conflict:
    return Outcome::answered;
  case CallStatus::denied:
  case CallStatus::unsupported:
    return use == GatewayUse::create ? Outcome::answered : Outcome::failure;
  default:
    return Outcome::failure;
  }
}

} // namespace

GuardedCalls::~GuardedCalls() {
  if (permit_) guard_.record(*permit_, Outcome::unjudged, steady_now(), recorder_);
}

std::optional<Error> GuardedCalls::admit(GatewayUse use, std::string_view operation) {
  auto admitted = guard_.acquire(use, steady_now(), recorder_);
  if (auto* refused = std::get_if<Error>(&admitted)) {
    recorder_.breaker_refused(breaker_name(use), operation);
    return std::move(*refused);
  }
  operation_ = operation;
  permit_ = std::get<GatewayGuard::Permit>(admitted);
  use_ = use;
  ++admitted_;
  return std::nullopt;
}

void GuardedCalls::judge(const CallFailure* failure, bool in_doubt) {
  const auto permit = std::exchange(permit_, std::nullopt);
  if (!permit) return;
  recorder_.breaker_passed(breaker_name(use_), operation_,
                           failure == nullptr ? CallResult::ok : result_of(failure->status));
  if (failure != nullptr && failure->status == CallStatus::rate_limited) {
    return guard_.pause(*permit, failure->retry_after, steady_now(), recorder_);
  }
  guard_.record(*permit, in_doubt ? Outcome::unjudged : outcome_of(use_, failure), steady_now(), recorder_);
}

} // namespace authd::pipeline
