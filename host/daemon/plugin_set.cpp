// SPDX-License-Identifier: Apache-2.0
#include "daemon/plugin_set.h"

#include <utility>

#include <fmt/format.h>

#include "authd/cache.h"
#include "authd/consumers.h"
#include "authd/gateway.h"
#include "authd/http.h"
#include "authd/tiers.h"
#include "config/plugin_settings.h"

namespace authd::daemon {
namespace {

using Running = PluginSet::Running;

// The instance that already does what `wanted` asks for; a file replaced under the same name does not.
const Running* find_same(const PluginSet* previous, const Running& wanted, const std::vector<Running>& taken) {
  if (previous == nullptr) return nullptr;
  for (const Running& old : previous->running()) {
    if (old.kind != wanted.kind || old.sha256 != wanted.sha256 || !(old.use == wanted.use)) continue;
    bool free = true;
    for (const Running& t : taken) free = free && t.instance != old.instance;
    if (free) return &old;
  }
  return nullptr;
}

// By name, also for an instance that is made anew: with other settings it may still reach the same server,
// and to delete what another one never had does no harm.
std::shared_ptr<pipeline::PendingDeletions> pending_of(const PluginSet* previous, const Running& wanted) {
  if (previous != nullptr) {
    for (const Running& old : previous->running())
      if (old.kind == wanted.kind && old.use.name == wanted.use.name) return old.pending;
  }
  return std::make_shared<pipeline::PendingDeletions>();
}

// All that is wrong, collected over several plugins.
class Refusals {
 public:
  void add(const plugin::Refusal& refusal, const config::PluginUse& use) { lines_ += lines_of(refusal, use); }
  void throw_any() const {
    if (!lines_.empty()) throw Refused(lines_);
  }

 private:
  std::string lines_;
};

} // namespace

std::string pin_for(const config::Config& config, const config::PluginUse& use) {
  if (!use.sha256.empty()) return use.sha256;
  const auto pin = config.plugins.pins.find(use.plugin);
  return pin == config.plugins.pins.end() ? std::string() : pin->second;
}

std::string lines_of(const plugin::Refusal& refusal, const config::PluginUse& use) {
  if (refusal.problems.empty()) return refusal.line + '\n';
  std::string lines;
  for (const plugin::Refusal::Problem& problem : refusal.problems) {
    lines += problem.setting.empty() ? problem.line
                                     : fmt::format("{}: {} [{}]", config::place_of(use.settings, problem.setting),
                                                   problem.what, plugin::code_of(refusal.code));
    lines += '\n';
  }
  return lines;
}

plugin::Services plugin_services(http_client::HttpService& exchanges, pipeline::InvalidationHub& hub) {
  return {{AUTHD_HTTP_V1, [&](const plugin::ServiceUser& user) { return exchanges.connect(user.host, user.tls); }},
          {AUTHD_TIERS_V1, [&](const plugin::ServiceUser& user) { return hub.tiers_for(user); }},
          {AUTHD_CONSUMERS_V1, [&](const plugin::ServiceUser& user) { return hub.consumers_for(user); }}};
}

PluginSet::PluginSet(const config::Config& config, const plugin::Loader& loader, const plugin::TrustPolicy& policy,
                     const PluginSet* previous) {
  Refusals refusals;
  const auto take = [&](const config::PluginUse& use, const char* kind) {
    const std::string path = plugin::plugin_path(use.plugin, config.plugins.dir);
    const auto inspected = plugin::inspect(path, policy, pin_for(config, use));
    if (!inspected) return refusals.add(inspected.error(), use);
    Running wanted{kind, use, inspected->sha256, nullptr, false};
    if (const Running* same = find_same(previous, wanted, running_)) {
      wanted.instance = same->instance;
      wanted.kept = true;
    } else {
      auto made = loader.load(use, config.plugins.dir, pin_for(config, use), kind);
      if (!made) return refusals.add(made.error(), use);
      wanted.instance = std::move(*made);
    }
    wanted.pending = pending_of(previous, wanted);
    running_.push_back(std::move(wanted));
  };
  take(config.gateway, AUTHD_GATEWAY_V1);
  for (const config::Tier& tier : config.cache) take(tier, AUTHD_CACHE_V1);
  refusals.throw_any(); // before anything is started
  for (const Running& made : running_) {
    if (made.kept) continue;
    if (const auto started = made.instance->start(); !started) refusals.add(started.error(), made.use);
  }
  refusals.throw_any();
  gateway_ = std::make_unique<plugin::Gateway>(running_.front().instance);
}

std::vector<pipeline::TierSlot> PluginSet::tiers(const config::Config& config) const {
  std::vector<pipeline::TierSlot> slots;
  for (std::size_t i = 0; i < config.cache.size(); ++i) {
    const config::Tier& tier = config.cache[i];
    slots.push_back({plugin::CacheTier(running_[i + 1].instance), tier.ttl, tier.stale, tier.read_timeout,
                     running_[i + 1].pending});
  }
  return slots;
}

} // namespace authd::daemon
