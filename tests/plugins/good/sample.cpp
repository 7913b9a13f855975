// SPDX-License-Identifier: Apache-2.0
// Both kinds in one file, made with the C++ glue: every optional operation is there once.
#include <map>
#include <mutex>
#include <string>

#include <authd/plugin.hpp>

#include "../bad/marker.h"

namespace {

using namespace authd::sdk;

constexpr char kGatewaySchema[] = R"json({
  "type": "object",
  "properties": {
    "token": {"type": "string", "x-authd-secret": true, "description": "a \"quoted\" word, 50 % of it, é"},
    "retries": {"type": "integer", "minimum": 0, "maximum": 10, "default": 3}
  },
  "additionalProperties": false
})json";

// Knows one consumer, whose secret is its token setting.
class SampleGateway {
 public:
  static constexpr ComponentInfo info{
      .name = "sample", .summary = "one consumer", .schema = kGatewaySchema, .mode = "SAMPLE"};

  SampleGateway(Host, const Config& config, Call&) : token_(config.string("/token", "default-token")) {
    if (config.integer("/retries", 3) > 10) throw std::invalid_argument("retries is more than 10");
  }

  Status start(Call& call) {
    call.log(Level::info, "sample-started", "token is " + token_);
    return Status::ok;
  }
  Status stop(Call&) { return Status::ok; }

  Status get_secret(Call& call, std::string_view consumer, CredentialSink& out) {
    if (consumer == "throws") throw std::runtime_error("thrown over " + token_);
    if (consumer != "alice") return call.fail(Status::not_found, "no such consumer");
    return out.put({.id = "1", .key = "alice-key", .algorithm = "HS256", .secret = token_, .created_at = 7});
  }
  Status create_secret(Call&, std::string_view, const Proposal& p, CredentialSink& out) {
    return out.put({.id = "2", .key = p.key, .algorithm = p.algorithm, .secret = p.secret});
  }
  Status delete_secret(Call& call, std::string_view, std::string_view id) {
    return id == "1" ? Status::ok : call.fail(Status::denied, "token " + token_ + " may not", 403, milliseconds(250));
  }
  Status resolve(Call&, std::string_view consumer, ByteSink& id) { return id.put("id-of-" + std::string(consumer)); }
  Status probe(Call&, HealthReport& report) {
    report.endpoint("memory://sample");
    report.degraded("only one consumer");
    return Status::ok;
  }

 private:
  std::string token_;
};

#ifndef SAMPLE_CACHE_FLAGS
#define SAMPLE_CACHE_FLAGS AUTHD_CACHE_NONBLOCKING
#endif

// A map that never forgets.
class SampleCache {
 public:
  static constexpr ComponentInfo info{
      .name = "sample-cache", .summary = "a map", .schema = R"({"type": "object"})", .flags = SAMPLE_CACHE_FLAGS};

  SampleCache(Host, const Config&, Call&) {}

  Status get(Call&, std::string_view key, ByteSink& out) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    return found != entries_.end() ? out.put(found->second) : Status::not_found;
  }
  Status get_stale(Call& call, std::string_view key, ByteSink& out) { return get(call, key, out); }
  Status set(Call&, std::string_view key, std::string_view value, milliseconds, milliseconds) {
    const std::lock_guard lock(mutex_);
    entries_.insert_or_assign(std::string(key), std::string(value));
    return Status::ok;
  }
  Status del(Call&, std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return Status::not_found;
    entries_.erase(found);
    return Status::ok;
  }
  Status clear(Call&, std::string_view) {
    const std::lock_guard lock(mutex_);
    entries_.clear();
    return Status::ok;
  }
  Status stats(Call&, authd_cache_stats& out) {
    const std::lock_guard lock(mutex_);
    out.entries = entries_.size();
    return Status::ok;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> entries_;
};

constexpr PluginInfo kPlugin{.id = "org.example.sample", .version = "1.2.3", .license = "Apache-2.0"};

} // namespace

AUTHD_PLUGIN(kPlugin, GatewayComponent<SampleGateway>, CacheComponent<SampleCache>);
