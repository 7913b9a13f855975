// SPDX-License-Identifier: Apache-2.0
// The cache tier "cache-memory": MemoryCache behind authd.cache/1.
#include "authd/plugin.hpp"
#include "memory_cache.h"

namespace {

using namespace authd::sdk;
using authd::cache_memory::MemoryCache;

class MemoryTier {
 public:
  static constexpr ComponentInfo info{.name = "cache-memory",
                                      .summary =
                                          "Keeps credentials in this process, bounded, with second-chance eviction",
                                      .schema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "max_entries": {
      "type": "integer", "minimum": 1, "maximum": 100000000, "default": 100000,
      "description": "The maximum number of consumers; a further one replaces one that was not used recently.",
      "x-authd-env": "CACHE_MAX_SIZE"
    }
  }
})",
                                      .flags = AUTHD_CACHE_NONBLOCKING};

  MemoryTier(Host, const Config& config, Call&)
      : cache_(static_cast<std::size_t>(config.integer("/max_entries", 100000))) {}

  Status get(Call&, std::string_view key, ByteSink& out) { return deliver(key, MemoryCache::Age::fresh, out); }
  Status get_stale(Call&, std::string_view key, ByteSink& out) { return deliver(key, MemoryCache::Age::stale, out); }

  Status set(Call& call, std::string_view key, std::string_view value, milliseconds ttl, milliseconds stale) {
    if (cache_.set(key, value, ttl.count(), stale.count()) == MemoryCache::Stored::ok) return Status::ok;
    return call.fail(Status::invalid, "expected a key of at most 4 KiB, a value of at most 1 MiB, a ttl of at least "
                                      "1 ms and a stale time of at least 0");
  }

  Status del(Call&, std::string_view key) { return cache_.del(key) ? Status::ok : Status::not_found; }

  Status clear(Call&, std::string_view prefix) {
    cache_.clear(prefix);
    return Status::ok;
  }

  Status stats(Call&, authd_cache_stats& out) {
    const auto stats = cache_.stats();
    out.entries = stats.entries;
    out.bytes = stats.bytes;
    out.capacity = stats.capacity;
    out.evictions = stats.evictions;
    return Status::ok;
  }

 private:
  Status deliver(std::string_view key, MemoryCache::Age age, ByteSink& out) const {
    Status status = Status::not_found;
    cache_.get(key, age, [&](std::string_view value) { status = out.put(value); });
    return status;
  }

  MemoryCache cache_;
};

constexpr PluginInfo kPlugin{.id = "cache-memory", .version = "0.1.0", .vendor = "authd", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, CacheComponent<MemoryTier>);
