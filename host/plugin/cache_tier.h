// SPDX-License-Identifier: Apache-2.0
// The checked proxy of an authd.cache/1 instance.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "authd/cache.h"
#include "base/call.h"
#include "base/result.h"
#include "plugin/health.h"

namespace authd::plugin {

class Instance;

struct TierStats {
  bool known = false; // false: neither entries nor bytes are
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0; // 0 while there are entries: unknown
  std::uint64_t capacity = 0;
  std::uint64_t evictions = 0;
};

// What a tier that counts decided about one request.
struct TierVerdict {
  bool allowed = false;
  std::int64_t remaining = 0;
  milliseconds retry_after{0}; // 0: it was allowed
  milliseconds reset{0};       // until all of the limit is allowed
};

class CacheTier {
 public:
  // The instance's component must be of kind authd.cache/1 and have its required operations.
  explicit CacheTier(std::shared_ptr<Instance> instance);

  bool nonblocking() const { return (ops_->flags & AUTHD_CACHE_NONBLOCKING) != 0; }
  bool remote() const { return (ops_->flags & AUTHD_CACHE_REMOTE) != 0; }
  // What blocks does I/O, so its values end up outside of this process, whether or not it says so.
  bool leaves_process() const { return remote() || !nonblocking(); }
  const std::string& name() const; // the instance's name, e.g. "cache-memory"
  unsigned min_minor() const;      // the least ABI minor that its plugin needs
  // Whether CallStatus::ok of del means that something was removed. Of a plugin of 1.0 it may mean either.
  bool tells_deletions() const { return min_minor() >= 1; }
  // Whether it tells other instances what it deletes, and hears of what they do: it uses "authd.tiers/1".
  bool announces() const;
  // Whether a blocking tier has statistics, or says how it is, and expects to be asked for that, on a worker. One of
  // 1.0 does not.
  bool stats_when_blocking() const;
  bool health_when_blocking() const;
  // Whether it can count the requests of a consumer for all that share it.
  bool counts() const; // false of those that do not block

  // Replaces the content of `value` (its capacity is reused, so that a warm hit allocates nothing).
  // At most 1 MiB is taken; more is CallStatus::corrupt. [thread-safe]
  CallStatus get(Call& call, std::string_view key, std::string& value) const;
  CallStatus get_stale(Call& call, std::string_view key, std::string& value) const;
  CallStatus set(Call& call, std::string_view key, std::string_view value, milliseconds ttl, milliseconds stale) const;
  CallStatus del(Call& call, std::string_view key) const; // not_found: there was none; see tells_deletions
  CallStatus clear(Call& call, std::string_view prefix) const;
  // Counts one request of the key, max_requests of which are allowed within the window. Requires counts.
  CallStatus take(Call& call, std::string_view key, std::int64_t max_requests, milliseconds window,
                  TierVerdict& verdict) const;
  TierStats stats(Call& call) const; // unknown also when they cannot be had
  CallStatus read_stats(Call& call, TierStats& stats) const;
  Health health(Call& call) const; // requires health_when_blocking

 private:
  std::unique_lock<std::mutex> serialise() const; // holds the mutex only for a SERIALIZED tier

  std::shared_ptr<Instance> instance_;
  const authd_cache_ops* ops_;
  bool serialized_ = false;
};

} // namespace authd::plugin
