// SPDX-License-Identifier: Apache-2.0
// The plugins that one configuration names, created and started.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/movable_clock.h"
#include "config/config.h"
#include "http_client/service.h"
#include "modules/current_store.h"
#include "modules/events.h"
#include "modules/records.h"
#include "modules/tokens.h"
#include "pipeline/invalidation_hub.h"
#include "pipeline/tier_slot.h"
#include "plugin/endpoint.h"
#include "plugin/gateway.h"
#include "plugin/loader.h"
#include "secrets/master_keys.h"

namespace authd::daemon {

// A plugin, what the configuration says, or what the service manager passed cannot be used; the text says why and how
// to correct it, one problem a line.
struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What the services are made of that a plugin may ask for; as long-lived as the process.
struct ServiceSources {
  http_client::HttpService& exchanges;
  pipeline::InvalidationHub& hub;
  modules::EventBus& events;
  modules::CurrentStore& store;
  modules::RecordSpaces& records; // in that store
  modules::Tokens& tokens;        // revoked ones likewise
  MovableClock clock{};
  MasterKeys master_keys{};
};

// Whether [signer] is configured.
bool has_signer(const config::Config& config);

// The sources must outlive every instance.
plugin::Services plugin_services(const ServiceSources& sources);

// One line for each problem; that of a setting begins with the place where it was written.
std::string lines_of(const plugin::Refusal& refusal, const config::PluginUse& use);

// The sha256 that the plugin's file must have; empty: any.
std::string pin_for(const config::Config& config, const config::PluginUse& use);

// How strictly the files of plugins are checked.
plugin::TrustPolicy trust_policy(const config::Config& config);

class PluginSet {
 public:
  // Takes over from `previous` (may be null) each instance whose file and settings are the same, so that a
  // warm cache survives a reload. Throws Refused, with what is wrong with any of them; then nothing that was running
  // has been touched.
  // The store is started before all others, and becomes the process's; null: tests have none.
  PluginSet(const config::Config& config, const plugin::Loader& loader, const plugin::TrustPolicy& policy,
            const PluginSet* previous, Log& log, modules::CurrentStore* store = nullptr);

  const plugin::Gateway& gateway() const { return *adapter_; }
  bool kept_gateway() const { return gateway_.kept; }
  std::vector<pipeline::TierSlot> tiers() const; // fastest first
  std::vector<plugin::Endpoint> modules() const; // in the order of the configuration

  struct Running {
    std::string kind; // "authd.gateway/1"
    config::PluginUse use;
    std::string sha256; // of the file that was loaded
    std::shared_ptr<plugin::Instance> instance;
    bool kept = false; // it was running before
  };
  std::vector<const Running*> running() const; // the gateway, if there is one, then tiers, modules, others

 private:
  struct Tier {
    Running running;
    milliseconds ttl, stale, read_timeout; // config::Tier
    std::shared_ptr<pipeline::PendingDeletions> pending;
  };
  class Loading;
  void start_store(Loading& loading, const PluginSet* previous, const MasterKeys& keys, modules::CurrentStore& current);
  std::shared_ptr<pipeline::PendingDeletions> pending_for(const config::Tier& tier) const;

  Running gateway_;
  std::vector<Tier> tiers_;
  std::vector<Running> modules_;
  std::vector<Running> others_; // of kinds that have no proxy here; by id of the kind
  std::unique_ptr<plugin::Gateway> adapter_;
  std::shared_ptr<const plugin::Store> store_; // null: there is none; shared with the previous set if it was kept
};

} // namespace authd::daemon
