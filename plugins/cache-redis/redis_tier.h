// SPDX-License-Identifier: Apache-2.0
// The cache tier "cache-redis": authd.cache/1 over a Redis that several instances of authd share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "authd/cache.hpp"
#include "client.h"
#include "settings.h"
#include "subscriber.h"

namespace authd::cache_redis {

// Counts what should not happen often, and logs the count: the first at once, then once a minute at most.
// [thread-safe]
class Tally {
 public:
  Tally(sdk::Host host, sdk::Level level, const char* event, const char* what)
      : host_(host), level_(level), event_(event), what_(what) {}

  void count() {
    const std::uint64_t total = total_.fetch_add(1, std::memory_order_relaxed) + 1;
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    auto next = next_line_.load(std::memory_order_relaxed);
    constexpr auto kPause = std::chrono::steady_clock::duration(std::chrono::minutes(1)).count();
    if (now < next || !next_line_.compare_exchange_strong(next, now + kPause)) return;
    host_.log(level_, event_, std::string(what_) + "; " + std::to_string(total) + " since start");
  }

 private:
  const sdk::Host host_;
  const sdk::Level level_;
  const char* const event_;
  const char* const what_;
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::chrono::steady_clock::rep> next_line_{0};
};

class RedisTier {
 public:
  static constexpr sdk::ComponentInfo info{
      .name = "cache-redis",
      .summary = "Shares credentials between instances through Redis: one server, Sentinel or a cluster",
      .schema = kSchema,
      .flags = AUTHD_CACHE_REMOTE,
      .adds = "REDIS_ENABLED"};

  RedisTier(sdk::Host host, const sdk::Config& config, sdk::Call& call);
  ~RedisTier();

  // A Redis that is away does not keep it from starting.
  sdk::Status start(sdk::Call& call);
  sdk::Status stop(sdk::Call& call);

  sdk::Status get(sdk::Call& call, std::string_view key, sdk::ByteSink& out);
  sdk::Status get_stale(sdk::Call& call, std::string_view key, sdk::ByteSink& out);
  sdk::Status set(sdk::Call& call, std::string_view key, std::string_view value, sdk::milliseconds ttl,
                  sdk::milliseconds stale);
  // Leaves a tombstone for some seconds, so that an instance which fetched the old value a moment ago
  // cannot store it, and tells the other instances. A tombstone is no value: deleting it again removes nothing.
  sdk::Status del(sdk::Call& call, std::string_view key);
  sdk::Status clear(sdk::Call& call, std::string_view prefix);
  // Counts in whole microseconds: of a limit above a million per second it allows a million.
  sdk::Status take(sdk::Call& call, std::string_view key, std::int64_t max_requests, sdk::milliseconds window,
                   std::int64_t cost, authd_verdict& out);
  // Redis cannot tell our keys from others' in the same database without a scan, so their number is unknown.
  sdk::Status stats(sdk::Call& call, authd_cache_stats& out);
  sdk::Status health(sdk::Call& call, sdk::HealthReport& out);

 private:
  enum class Age { fresh, stale }; // stale: fresh ones too

  sdk::Status fetch(sdk::Call& call, std::string_view key, Age age, sdk::ByteSink& out);
  sdk::Status deliver(sdk::Call& call, std::string_view key, std::string_view stored, Age age, sdk::ByteSink& out);
  sdk::Status not_ours(const sdk::Call& call, std::string_view key, const Fault& fault);
  sdk::Status too_long(const sdk::Call& call, std::string_view key);
  void discard(const sdk::Call& call, std::string_view key, std::string_view seen);
  Deadline deadline_of(const sdk::Call& call) const { return Deadline(call, settings_.command_timeout); }
  std::optional<std::string> unreachable_by_ping(Node& node, const sdk::Call& call);
  std::vector<std::string> probe_keys(std::size_t masters);
  std::optional<std::string> refuses_writes(std::size_t masters, const sdk::Call& call);
  void stop_all();

  const sdk::Host host_;
  const Settings settings_;
  const std::string instance_id_;
  std::unique_ptr<Dialer> dialer_;
  std::unique_ptr<Topology> topology_; // these three: from start on
  std::unique_ptr<Client> client_;
  std::unique_ptr<Subscriber> subscriber_;

  Tally garbage_;
  Tally oversized_;
  Tally foreign_;
  Tally no_room_;
};

} // namespace authd::cache_redis
