// SPDX-License-Identifier: Apache-2.0
#include "pipeline/recorder.h"

#include <array>

namespace authd::pipeline {

CallResult result_of(CallStatus status) {
  switch (status) {
  case CallStatus::ok:
    return CallResult::ok;
  case CallStatus::not_found:
    return CallResult::not_found;
  case CallStatus::conflict:
    return CallResult::conflict;
  case CallStatus::invalid:
    return CallResult::invalid;
  case CallStatus::denied:
    return CallResult::denied;
  case CallStatus::rate_limited:
    return CallResult::rate_limited;
  case CallStatus::unavailable:
    return CallResult::unavailable;
  case CallStatus::timeout:
    return CallResult::timeout;
  case CallStatus::cancelled:
    return CallResult::cancelled;
  case CallStatus::unsupported:
    return CallResult::unsupported;
  case CallStatus::corrupt:
    return CallResult::corrupt;
  case CallStatus::internal:
    break;
  }
  return CallResult::internal;
}

CallResult result_of(TierOperation operation, CallStatus status) {
  const bool reads = operation == TierOperation::get || operation == TierOperation::get_stale;
  if (status == CallStatus::not_found) return reads ? CallResult::miss : CallResult::ok;
  if (status != CallStatus::ok || !reads) return result_of(status);
  return operation == TierOperation::get ? CallResult::hit : CallResult::stale;
}

std::string_view name_of(TierOperation operation) {
  static constexpr std::array<std::string_view, kTierOperations> kNames{"get", "get_stale", "set",
                                                                        "del", "clear",     "take"};
  return kNames[static_cast<std::size_t>(operation)];
}

std::string_view name_of(CallResult result) {
  static constexpr std::array<std::string_view, kCallResults> kNames{
      "ok",           "hit",         "miss",    "stale",     "not_found",   "conflict", "invalid", "denied",
      "rate_limited", "unavailable", "timeout", "cancelled", "unsupported", "corrupt",  "internal"};
  return kNames[static_cast<std::size_t>(result)];
}

} // namespace authd::pipeline
