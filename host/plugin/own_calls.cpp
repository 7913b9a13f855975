// SPDX-License-Identifier: Apache-2.0
// Plugins call these through noexcept pointers: nothing may be thrown from here.
#include "plugin/own_calls.h"

#include <algorithm>
#include <limits>
#include <new>

#include "base/abi_views.h"
#include "base/call.h"
#include "base/frozen_sizes.h"

namespace authd::plugin {
namespace {

constexpr std::int64_t kLongest_ms = 24 * 60 * 60 * 1000; // far from where the clock's nanoseconds overflow

Call* owned(const authd_call* call) { return const_cast<Call*>(Call::from_abi(call)); }

const authd_call* open(std::int64_t timeout_ms) noexcept {
  const milliseconds timeout(std::clamp<std::int64_t>(timeout_ms, 0, kLongest_ms));
  const Call* call = new (std::nothrow) Call(steady_now() + timeout);
  return call != nullptr ? call->abi() : nullptr;
}

void withdraw(const authd_call* call) noexcept {
  if (call != nullptr) owned(call)->cancel();
}

void failure(const authd_call* call, authd_error* out) noexcept {
  if (call == nullptr || !is_whole(out)) return;
  const CallFailure& recorded = Call::from_abi(call)->failure();
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  const auto retry_after_ms = std::clamp<std::int64_t>(recorded.retry_after.count(), 0, kMost);
  fill(out, {0, 0, recorded.upstream_status, static_cast<std::uint32_t>(retry_after_ms), to_abi(recorded.message),
             to_abi(recorded.setting)});
}

void close(const authd_call* call) noexcept { delete owned(call); }

} // namespace

const authd_calls_v1* own_calls() {
  static constexpr authd_calls_v1 table{sizeof(authd_calls_v1), 0, &open, &withdraw, &failure, &close};
  return &table;
}

} // namespace authd::plugin
