// SPDX-License-Identifier: Apache-2.0
#include "scripted_tier.h"

#include <stdexcept>
#include <utility>

#include "authd/tiers.h"

namespace authd::pipeline::test {
namespace {

std::string text(authd_str s) { return {s.p, s.n}; }
ScriptedTier& test_of(void* self) { return *static_cast<ScriptedTier*>(self); }

} // namespace

struct ScriptedTier::Tables {
  static authd_status create(const authd_host* host, const authd_cfg* cfg, const authd_call*, void** self) {
    authd_value value{sizeof(authd_value), 0, 0, 0, {nullptr, 0}};
    const std::string pointer = "/test";
    const authd_status status = host->cfg_get(host, cfg, {pointer.data(), pointer.size()}, &value);
    *self = reinterpret_cast<void*>(static_cast<std::intptr_t>(value.i));
    host_of_all() = host;
    host->service(host, AUTHD_TIERS_V1);
    return status;
  }
  static void destroy(void*) {}
  // Its `put` is the same for every instance.
  static const authd_host*& host_of_all() {
    static const authd_host* host = nullptr;
    return host;
  }

  static authd_status read(ScriptedTier& tier, const char* operation, authd_str key, authd_out* out) {
    if (const authd_status status = tier.note(operation, text(key)); status != AUTHD_OK) return status;
    const auto content = tier.content();
    const auto it = content.find(text(key));
    if (it == content.end()) return AUTHD_NOT_FOUND;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(it->second.data());
    return host_of_all()->put(host_of_all(), out, {bytes, it->second.size()});
  }
  static authd_status get(void* self, const authd_call*, authd_str key, authd_out* out) {
    return read(test_of(self), "get", key, out);
  }
  static authd_status get_stale(void* self, const authd_call*, authd_str key, authd_out* out) {
    return read(test_of(self), "get_stale", key, out);
  }
  static authd_status set(void* self, const authd_call*, authd_str key, authd_bytes value, std::int64_t ttl_ms,
                          std::int64_t) {
    ScriptedTier& tier = test_of(self);
    if (const authd_status status = tier.note("set", text(key)); status != AUTHD_OK) return status;
    tier.put(text(key), {reinterpret_cast<const char*>(value.p), value.n});
    const std::lock_guard lock(tier.mutex_);
    tier.ttls_ms_[text(key)] = ttl_ms;
    return AUTHD_OK;
  }
  static authd_status del(void* self, const authd_call*, authd_str key) {
    ScriptedTier& tier = test_of(self);
    if (const authd_status status = tier.note("del", text(key)); status != AUTHD_OK) return status;
    const std::lock_guard lock(tier.mutex_);
    const bool had = tier.content_.erase(text(key)) != 0;
    return had || tier.min_minor_ < 1 ? AUTHD_OK : AUTHD_NOT_FOUND;
  }
  static authd_status clear(void* self, const authd_call*, authd_str prefix) {
    ScriptedTier& tier = test_of(self);
    if (const authd_status status = tier.note("clear", text(prefix)); status != AUTHD_OK) return status;
    const std::lock_guard lock(tier.mutex_);
    std::erase_if(tier.content_, [&](const auto& entry) { return entry.first.rfind(text(prefix), 0) == 0; });
    return AUTHD_OK;
  }
  static authd_status stats(void* self, const authd_call*, authd_cache_stats* out) {
    ScriptedTier& tier = test_of(self);
    if (const authd_status status = tier.note("stats", ""); status != AUTHD_OK) return status;
    out->entries = tier.content().size();
    return AUTHD_OK;
  }
  static authd_status take(void* self, const authd_call*, authd_str key, std::int64_t max_requests,
                           std::int64_t window_ms, std::int64_t, authd_verdict* out) {
    ScriptedTier& tier = test_of(self);
    if (const authd_status status = tier.note("take", text(key)); status != AUTHD_OK) return status;
    const std::lock_guard lock(tier.mutex_);
    const auto verdict = Gcra(max_requests, milliseconds(window_ms))
                             .take(tier.busy_until_[text(key)], steady_now().time_since_epoch().count());
    *out = {sizeof *out,   verdict.allowed ? 1U : 0U, verdict.remaining,
            verdict.limit, verdict.whole.count(),     verdict.allowed ? 0 : verdict.next.count()};
    return AUTHD_OK;
  }
  static authd_status health(void* self, const authd_call*, authd_health* out);
};

authd_status ScriptedTier::Tables::health(void* self, const authd_call*, authd_health* out) {
  ScriptedTier& tier = test_of(self);
  if (const authd_status status = tier.note("health", ""); status != AUTHD_OK) return status;
  out->state = tier.says.state;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(tier.says.detail.data());
  return host_of_all()->put(host_of_all(), out->detail, {bytes, tier.says.detail.size()});
}

ScriptedTier::ScriptedTier(std::string name, std::uint32_t flags, unsigned min_minor, bool announces, bool tells_health,
                           bool counts)
    : min_minor_(min_minor), log_(Log::Options{}) {
  // For good: a stack may hold the instance for longer than its test holds this.
  static const authd_lifecycle silent{sizeof(authd_lifecycle), 0,      Tables::create, nullptr, nullptr,
                                      Tables::destroy,         nullptr};
  static const authd_lifecycle telling{sizeof(authd_lifecycle), 0, Tables::create, nullptr, nullptr, Tables::destroy,
                                       Tables::health};
  ops_ = {sizeof(authd_cache_ops), flags,         Tables::get,
          Tables::get_stale,       Tables::set,   Tables::del,
          Tables::clear,           Tables::stats, counts ? Tables::take : nullptr};
  component_ = {sizeof(authd_component),           0,    AUTHD_CACHE_V1, "scripted-tier", "", "{}", nullptr,
                tells_health ? &telling : &silent, &ops_};
  config::PluginSettings settings;
  config::PluginValue self;
  self.type = config::PluginValue::Type::integer;
  self.integer = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(this));
  settings.values.emplace("/test", self);
  plugin::Services services;
  if (announces)
    services[AUTHD_TIERS_V1] = [](const plugin::ServiceUser&) { return std::make_shared<authd_tiers_v1>(); };
  auto instance = plugin::adopt(component_, std::move(name), std::move(settings), log_, std::move(services), min_minor);
  if (!instance) throw std::runtime_error(instance.error().line);
  instance_ = *instance;
}

void ScriptedTier::fail(const std::string& operation, authd_status status) {
  before = [operation, status](const std::string& asked, const std::string&) {
    return asked == operation ? status : static_cast<authd_status>(AUTHD_OK);
  };
}

void ScriptedTier::fail_everything() {
  before = [](const std::string&, const std::string&) { return AUTHD_UNAVAILABLE; };
}

void ScriptedTier::mend() {
  before = [](const std::string&, const std::string&) { return AUTHD_OK; };
}

authd_status ScriptedTier::note(const std::string& operation, const std::string& key) {
  {
    const std::lock_guard lock(mutex_);
    ++asked_[operation];
  }
  const auto hook = before; // a copy: it may be replaced from within
  return hook(operation, key);
}

void ScriptedTier::put(const std::string& key, std::string value) {
  const std::lock_guard lock(mutex_);
  content_[key] = std::move(value);
}

std::map<std::string, std::string> ScriptedTier::content() const {
  const std::lock_guard lock(mutex_);
  return content_;
}

std::int64_t ScriptedTier::ttl_ms(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto it = ttls_ms_.find(key);
  return it == ttls_ms_.end() ? 0 : it->second;
}

std::size_t ScriptedTier::asked(const std::string& operation) const {
  const std::lock_guard lock(mutex_);
  const auto it = asked_.find(operation);
  return it == asked_.end() ? 0 : it->second;
}

} // namespace authd::pipeline::test
