// SPDX-License-Identifier: Apache-2.0
// A cache-redis instance run over the ABI, with a host that records what other instances dropped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "authd/cache.h"
#include "authd/tiers.h"
#include "plugin_host.h"

namespace authd::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The host's service authd.tiers/1.
class RecordedTiers {
 public:
  // Of a host of 1.0: the table ends before `cleared`.
  explicit RecordedTiers(bool of_1_0 = false)
      : table_{{static_cast<std::uint32_t>(of_1_0 ? offsetof(authd_tiers_v1, cleared) : sizeof(authd_tiers_v1)), 0,
                nullptr, &on_invalidated, &on_resync, &on_cleared},
               this} {}

  const authd_tiers_v1* table() const { return &table_; }
  bool await_invalidated(const std::string& key, int times = 1, seconds at_most = seconds(10)) {
    return await([&] { return invalidated_[key] >= times; }, at_most);
  }
  bool await_resyncs(int times, seconds at_most = seconds(10)) {
    return await([&] { return resyncs_ >= times; }, at_most);
  }
  bool await_cleared(int times, seconds at_most = seconds(10)) {
    return await([&] { return cleared_ >= times; }, at_most);
  }
  int invalidated(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return invalidated_[key];
  }
  int resyncs() {
    const std::lock_guard lock(mutex_);
    return resyncs_;
  }
  int cleared() {
    const std::lock_guard lock(mutex_);
    return cleared_;
  }

 private:
  struct Table : authd_tiers_v1 {
    RecordedTiers* self;
  };
  template <class Condition>
  bool await(Condition condition, seconds at_most) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, condition);
  }
  static void on_invalidated(const authd_tiers_v1* table, authd_str key) noexcept {
    RecordedTiers& self = *static_cast<const Table*>(table)->self;
    const std::lock_guard lock(self.mutex_);
    ++self.invalidated_[std::string(key.p, key.n)];
    self.changed_.notify_all();
  }
  static void on_resync(const authd_tiers_v1* table) noexcept {
    RecordedTiers& self = *static_cast<const Table*>(table)->self;
    const std::lock_guard lock(self.mutex_);
    ++self.resyncs_;
    self.changed_.notify_all();
  }
  static void on_cleared(const authd_tiers_v1* table) noexcept {
    RecordedTiers& self = *static_cast<const Table*>(table)->self;
    const std::lock_guard lock(self.mutex_);
    ++self.cleared_;
    self.changed_.notify_all();
  }

  Table table_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> invalidated_;
  int resyncs_ = 0;
  int cleared_ = 0;
};

class Tier {
 public:
  // `more` by JSON pointer. Created and started, unless `start` is false.
  explicit Tier(const std::string& url, Settings more = {}, bool start = true);

  PluginHost& host() { return host_; }
  RecordedTiers& tiers() { return tiers_; }
  void limit(milliseconds remaining) { call_.remaining_ms = remaining.count(); }
  const std::string& why() const { return call_.message; } // the last failure

  authd_status set(std::string_view key, std::string_view value, milliseconds ttl = seconds(60),
                   milliseconds stale = seconds(60));
  authd_status del(std::string_view key) { return ops().del(host_.self(), call_.abi(), str(key)); }
  // Whether it is gone now, wherever it was before.
  bool drop(std::string_view key) {
    const authd_status status = del(key);
    return status == AUTHD_OK || status == AUTHD_NOT_FOUND;
  }
  authd_status take(std::string_view key, std::int64_t max_requests, milliseconds window, std::int64_t cost,
                    authd_verdict& verdict) {
    verdict.size = sizeof verdict;
    return ops().take(host_.self(), call_.abi(), str(key), max_requests, window.count(), cost, &verdict);
  }
  authd_status clear(std::string_view prefix) { return ops().clear(host_.self(), call_.abi(), str(prefix)); }
  // The status, and the value in value() after AUTHD_OK.
  authd_status get(std::string_view key) { return fetch(ops().get, key); }
  authd_status get_stale(std::string_view key) { return fetch(ops().get_stale, key); }
  const std::string& value() const { return out_.bytes; }

  struct Health {
    std::uint32_t state;
    std::string detail, endpoint;
  };
  Health health();

  // Repeats an operation until it returns this, for at most ten seconds; pauses between the tries.
  template <class Operation>
  bool await(authd_status wanted, Operation&& operation);

  const authd_cache_ops& ops() const { return host_.ops<authd_cache_ops>(); }

 private:
  template <class Member>
  authd_status fetch(Member member, std::string_view key) {
    out_ = {};
    return member(host_.self(), call_.abi(), str(key), out_.abi());
  }

  RecordedTiers tiers_;
  PluginHost host_;
  TestCall call_;
  TestOut out_;
};

// A point in time from which to measure: bounds far above what is meant, never speed.
class Stopwatch {
 public:
  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began_);
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

// Waits for a condition that no descriptor tells of; blocks between the looks.
bool eventually(const std::function<bool()>& condition, seconds at_most = seconds(10));

template <class Operation>
bool Tier::await(authd_status wanted, Operation&& operation) {
  return eventually([&] { return operation() == wanted; });
}

} // namespace authd::test
