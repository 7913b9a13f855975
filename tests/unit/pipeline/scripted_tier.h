// SPDX-License-Identifier: Apache-2.0
// A cache tier behind the real ABI that keeps what it is given for good, whatever its age, and fails when a
// test says so.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/gcra.h"
#include "base/log.h"
#include "plugin/cache_tier.h"
#include "plugin/loader.h"

namespace authd::pipeline::test {

// [thread-safe]
class ScriptedTier {
 public:
  // `flags`: AUTHD_CACHE_*. `min_minor`: the ABI that its plugin was built for. `announces`: it uses authd.tiers/1.
  // `tells_health`: it can say how it is. `counts`: it has take.
  ScriptedTier(std::string name, std::uint32_t flags, unsigned min_minor = AUTHD_ABI_MINOR, bool announces = true,
               bool tells_health = true, bool counts = true);

  plugin::CacheTier tier() const { return plugin::CacheTier(instance_); }

  // Called on whatever thread asks, before an operation ("get", "get_stale", "set", "del", "clear", "stats", "take") is
  // done: anything but AUTHD_OK is its outcome instead. Set while nobody asks.
  std::function<authd_status(const std::string& operation, const std::string& key)> before =
      [](const std::string&, const std::string&) { return AUTHD_OK; };
  // What it answers to the question how it is. Set while nobody asks.
  struct Says {
    std::uint32_t state = AUTHD_HEALTH_UP;
    std::string detail{};
  } says;
  void fail(const std::string& operation, authd_status status = AUTHD_UNAVAILABLE);
  void fail_everything();
  void mend();

  void put(const std::string& key, std::string value);
  std::map<std::string, std::string> content() const;
  bool holds(const std::string& key) const { return content().count(key) != 0; }
  std::int64_t ttl_ms(const std::string& key) const; // as it was last set; 0: never
  // How often it was asked, failures included.
  std::size_t asked(const std::string& operation) const;

  // The tables are plain C: this is how they find their test.
  struct Tables;

 private:
  authd_status note(const std::string& operation, const std::string& key);

  const unsigned min_minor_;
  Log log_;
  authd_cache_ops ops_;
  authd_component component_;
  std::shared_ptr<plugin::Instance> instance_;
  mutable std::mutex mutex_;
  std::map<std::string, Gcra::Nanoseconds> busy_until_;
  std::map<std::string, std::string> content_;
  std::map<std::string, std::int64_t> ttls_ms_;
  std::map<std::string, std::size_t> asked_;
};

} // namespace authd::pipeline::test
