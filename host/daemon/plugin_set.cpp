// SPDX-License-Identifier: Apache-2.0
#include "daemon/plugin_set.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "authd/cache.h"
#include "authd/consumers.h"
#include "authd/endpoint.h"
#include "authd/gateway.h"
#include "authd/http.h"
#include "authd/records.h"
#include "authd/services.h"
#include "authd/signer.h"
#include "authd/store.h"
#include "authd/tiers.h"
#include "authd/tokens.h"
#include "config/plugin_settings.h"
#include "modules/key_probe.h"
#include "modules/services.h"
#include "plugin/no_gateway.h"

namespace authd::daemon {
namespace {

constexpr milliseconds kProbePatience{5'000};

// All that is wrong, collected over several plugins.
class Refusals {
 public:
  void add(const plugin::Refusal& refusal, const config::PluginUse& use) { lines_ += lines_of(refusal, use); }
  void add(const std::string& line) { lines_ += line + '\n'; }
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

plugin::TrustPolicy trust_policy(const config::Config& config) {
  return {config.environment == config::Environment::production, config.plugins.require_pins};
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

bool has_signer(const config::Config& config) {
  const auto uses = config.others.find(AUTHD_SIGNER_V1);
  return uses != config.others.end() && !uses->second.empty();
}

plugin::Services plugin_services(const ServiceSources& sources) {
  using User = plugin::ServiceUser;
  return {{AUTHD_HTTP_V1, [&](const User& user) { return sources.exchanges.connect(user.host, user.tls); }},
          {AUTHD_TIERS_V1, [&](const User& user) { return sources.hub.tiers_for(user); }},
          {AUTHD_CONSUMERS_V1, [&](const User& user) { return sources.hub.consumers_for(user); }},
          {AUTHD_EXCHANGE_V1, [](const User& user) { return plugin::exchange_service(user); }},
          {AUTHD_EVENTS_V1, [&](const User& user) { return sources.events.service_for(user); }},
          {AUTHD_CLOCK_V1, [&](const User& user) { return modules::clock_service(sources.clock, user); }},
          {AUTHD_RECORDS_V1, [&](const User& user) { return sources.records.service_for(user); }},
          {AUTHD_TOKENS_V1, [&](const User& user) { return sources.tokens.service_for(user); }},
          {AUTHD_RANDOM_V1, [](const User& user) { return modules::random_service(user); }},
          {AUTHD_SECRETS_V1, [&](const User& user) { return modules::secrets_service(sources.master_keys, user); }}};
}

// Makes the instances of one set, and collects what is wrong with any.
class PluginSet::Loading {
 public:
  Loading(const config::Config& config, const plugin::Loader& loader, const plugin::TrustPolicy& policy,
          const PluginSet* previous)
      : config_(config), loader_(loader), policy_(policy) {
    if (previous != nullptr) reusable_ = previous->running();
  }

  // Without an instance when it was refused.
  Running take(const config::PluginUse& use, std::string_view kind) {
    Running wanted{std::string(kind), use, {}, nullptr, false};
    const std::string path = plugin::plugin_path(use.plugin, config_.plugins.dir);
    const auto inspected = plugin::inspect(path, policy_, pin_for(config_, use));
    if (!inspected) {
      refusals_.add(inspected.error(), use);
      return wanted;
    }
    wanted.sha256 = inspected->sha256;
    wanted.instance = reuse(wanted);
    wanted.kept = wanted.instance != nullptr;
    if (wanted.kept) return wanted;
    auto made = loader_.load(use, config_.plugins.dir, pin_for(config_, use), kind);
    if (made)
      wanted.instance = std::move(*made);
    else
      refusals_.add(made.error(), use);
    return wanted;
  }

  // Throws Refused, with this too.
  void refuse(const std::string& why) {
    refusals_.add(why);
    refusals_.throw_any();
  }

  void start(const std::vector<const Running*>& all) {
    refusals_.throw_any(); // before anything is started
    for (const Running* made : all) {
      if (made->kept) continue;
      if (const auto started = made->instance->start(); !started) refusals_.add(started.error(), made->use);
    }
    refusals_.throw_any();
  }

 private:
  // The instance that already does what `wanted` asks for; a file replaced under the same name does not.
  std::shared_ptr<plugin::Instance> reuse(const Running& wanted) {
    const auto same = std::find_if(reusable_.begin(), reusable_.end(), [&](const Running* old) {
      return old->kind == wanted.kind && old->sha256 == wanted.sha256 && old->use == wanted.use;
    });
    if (same == reusable_.end()) return nullptr;
    auto instance = (*same)->instance;
    reusable_.erase(same);
    return instance;
  }

  const config::Config& config_;
  const plugin::Loader& loader_;
  const plugin::TrustPolicy& policy_;
  std::vector<const Running*> reusable_; // each at most once
  Refusals refusals_;
};

PluginSet::PluginSet(const config::Config& config, const plugin::Loader& loader, const plugin::TrustPolicy& policy,
                     const PluginSet* previous, Log& log, modules::CurrentStore* store) {
  Loading loading(config, loader, policy, previous);
  if (config.has_gateway) gateway_ = loading.take(config.gateway, AUTHD_GATEWAY_V1);
  for (const config::Tier& tier : config.cache) {
    auto pending = previous != nullptr ? previous->pending_for(tier) : nullptr;
    if (pending == nullptr) pending = std::make_shared<pipeline::PendingDeletions>();
    tiers_.push_back({loading.take(tier, AUTHD_CACHE_V1), tier.ttl, tier.stale, tier.read_timeout, std::move(pending)});
  }
  for (const config::Endpoint& module : config.endpoints) modules_.push_back(loading.take(module, AUTHD_ENDPOINT_V1));
  for (const auto& [kind, uses] : config.others)
    for (const config::PluginUse& use : uses) others_.push_back(loading.take(use, kind));
  if (store != nullptr) start_store(loading, previous, config.master_keys, *store);
  loading.start(running());
  adapter_ = std::make_unique<plugin::Gateway>(config.has_gateway ? gateway_.instance : plugin::no_gateway(log));
}

// What others keep there they may want in their own start.
void PluginSet::start_store(Loading& loading, const PluginSet* previous, const MasterKeys& keys,
                            modules::CurrentStore& current) {
  const auto at =
      std::find_if(others_.begin(), others_.end(), [](const Running& r) { return r.kind == AUTHD_STORE_V1; });
  if (at == others_.end()) return;
  loading.start({&*at});
  store_ =
      at->kept && previous->store_ != nullptr ? previous->store_ : std::make_shared<const plugin::Store>(at->instance);
  current.replace(store_);
  Call call(steady_now() + kProbePatience);
  if (const std::string fault = modules::fault_of_master_keys(call, current, keys); !fault.empty())
    loading.refuse(fault);
}

// By name, also for an instance that is made anew: with other settings it may still reach the same server,
// and to delete what another one never had does no harm.
std::shared_ptr<pipeline::PendingDeletions> PluginSet::pending_for(const config::Tier& tier) const {
  const auto same =
      std::find_if(tiers_.begin(), tiers_.end(), [&](const Tier& old) { return old.running.use.name == tier.name; });
  return same != tiers_.end() ? same->pending : nullptr;
}

std::vector<pipeline::TierSlot> PluginSet::tiers() const {
  std::vector<pipeline::TierSlot> slots;
  for (const Tier& tier : tiers_)
    slots.push_back({plugin::CacheTier(tier.running.instance), tier.ttl, tier.stale, tier.read_timeout, tier.pending});
  return slots;
}

std::vector<plugin::Endpoint> PluginSet::modules() const {
  std::vector<plugin::Endpoint> all;
  for (const Running& running : modules_) all.emplace_back(running.instance);
  return all;
}

std::vector<const PluginSet::Running*> PluginSet::running() const {
  std::vector<const Running*> all;
  if (gateway_.instance != nullptr) all.push_back(&gateway_);
  for (const Tier& tier : tiers_) all.push_back(&tier.running);
  for (const Running& module : modules_) all.push_back(&module);
  for (const Running& other : others_) all.push_back(&other);
  return all;
}

} // namespace authd::daemon
