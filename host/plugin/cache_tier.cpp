// SPDX-License-Identifier: Apache-2.0
#include "plugin/cache_tier.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "authd/tiers.h"
#include "base/abi_views.h"
#include "base/byte_sink.h"
#include "config/kinds.h"
#include "plugin/calls_under_way.h"
#include "plugin/instance.h"

namespace authd::plugin {
namespace {

constexpr std::size_t kMaxValue = 1 << 20;

// get and get_stale, which differ in the member alone.
template <class Member>
CallStatus fetch(const Instance& instance, const char* name, Member read, Call& call, std::string_view key,
                 std::string& value) {
  value.clear();
  authd_out out{value, kMaxValue};
  CallStatus status = invoke(instance.callee(), name, instance.redaction(), call,
                             [&] { return read(instance.self(), call.abi(), to_abi(key), &out); });
  if (out.overflow) status = CallStatus::corrupt;
  if (status != CallStatus::ok) value.clear();
  return status;
}

} // namespace

CacheTier::CacheTier(std::shared_ptr<Instance> instance)
    : instance_(std::move(instance)), ops_(static_cast<const authd_cache_ops*>(instance_->component().ops)) {
  if (std::string_view(instance_->component().kind) != AUTHD_CACHE_V1 ||
      !config::missing_operation(AUTHD_CACHE_V1, ops_).empty())
    throw std::invalid_argument(instance_->name() + " is not a cache tier");
  serialized_ = (ops_->flags & AUTHD_CACHE_SERIALIZED) != 0;
}

const std::string& CacheTier::name() const { return instance_->name(); }

unsigned CacheTier::min_minor() const { return instance_->min_minor(); }
bool CacheTier::counts() const { return !nonblocking() && AUTHD_HAS(ops_, take); }
bool CacheTier::announces() const { return instance_->uses(AUTHD_TIERS_V1); }
bool CacheTier::stats_when_blocking() const { return !nonblocking() && min_minor() >= 1 && AUTHD_HAS(ops_, stats); }

bool CacheTier::health_when_blocking() const {
  return !nonblocking() && min_minor() >= 1 && AUTHD_HAS(instance_->component().lifecycle, health);
}

std::unique_lock<std::mutex> CacheTier::serialise() const {
  return serialized_ ? std::unique_lock(instance_->serial()) : std::unique_lock<std::mutex>();
}

CallStatus CacheTier::get(Call& call, std::string_view key, std::string& value) const {
  const auto lock = serialise();
  return fetch(*instance_, "get", ops_->get, call, key, value);
}

CallStatus CacheTier::get_stale(Call& call, std::string_view key, std::string& value) const {
  const auto lock = serialise();
  return fetch(*instance_, "get_stale", ops_->get_stale, call, key, value);
}

CallStatus CacheTier::set(Call& call, std::string_view key, std::string_view value, milliseconds ttl,
                          milliseconds stale) const {
  const auto lock = serialise();
  return invoke(instance_->callee(), "set", instance_->redaction(), call, [&] {
    return ops_->set(instance_->self(), call.abi(), to_abi(key), to_bytes(value), ttl.count(), stale.count());
  });
}

CallStatus CacheTier::del(Call& call, std::string_view key) const {
  const auto lock = serialise();
  return invoke(instance_->callee(), "del", instance_->redaction(), call,
                [&] { return ops_->del(instance_->self(), call.abi(), to_abi(key)); });
}

CallStatus CacheTier::clear(Call& call, std::string_view prefix) const {
  const auto lock = serialise();
  return invoke(instance_->callee(), "clear", instance_->redaction(), call,
                [&] { return ops_->clear(instance_->self(), call.abi(), to_abi(prefix)); });
}

CallStatus CacheTier::take(Call& call, std::string_view key, std::int64_t max_requests, milliseconds window,
                           TierVerdict& verdict) const {
  authd_verdict raw{};
  raw.size = sizeof raw;
  const auto lock = serialise();
  const CallStatus status = invoke(instance_->callee(), "take", instance_->redaction(), call, [&] {
    return ops_->take(instance_->self(), call.abi(), to_abi(key), max_requests, window.count(), 1, &raw);
  });
  if (status != CallStatus::ok) return status;
  // Shown to clients, so it must make sense whatever the plugin wrote.
  const auto within = [](std::int64_t value, std::int64_t most) { return std::clamp<std::int64_t>(value, 0, most); };
  verdict = {raw.allowed != 0, within(raw.remaining, max_requests),
             milliseconds(within(raw.retry_after_ms, window.count())),
             milliseconds(within(raw.reset_ms, window.count()))};
  return status;
}

TierStats CacheTier::stats(Call& call) const {
  TierStats stats;
  read_stats(call, stats);
  return stats;
}

CallStatus CacheTier::read_stats(Call& call, TierStats& stats) const {
  stats = {};
  if (!AUTHD_HAS(ops_, stats)) return CallStatus::unsupported;
  authd_cache_stats raw{};
  raw.size = sizeof raw;
  const auto lock = serialise();
  const CallStatus status = invoke(instance_->callee(), "stats", instance_->redaction(), call,
                                   [&] { return ops_->stats(instance_->self(), call.abi(), &raw); });
  if (status != CallStatus::ok) return status;
  const bool known = raw.entries != std::numeric_limits<std::uint64_t>::max();
  stats = {known, known ? raw.entries : 0, known ? raw.bytes : 0, raw.capacity, raw.evictions};
  return status;
}

Health CacheTier::health(Call& call) const {
  const auto lock = serialise();
  return ask_health(*instance_, "health", instance_->component().lifecycle->health, call);
}

} // namespace authd::plugin
